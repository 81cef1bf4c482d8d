"""What the Dockerfile of the image says."""

from __future__ import annotations

from tests.support.project import ROOT

DOCKER = ROOT / "docker"


def arguments() -> dict[str, str]:
    lines = (DOCKER / "nifi" / "Dockerfile").read_text().splitlines()
    pairs = (line.removeprefix("ARG ").partition("=") for line in lines if line.startswith("ARG "))
    return {name: value for name, _, value in pairs}
