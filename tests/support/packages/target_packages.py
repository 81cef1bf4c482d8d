"""Packages that are not installed with the others, each set in a folder of its own in the shared cache."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dai_scoring.provision import cache


def folder(name: str, *arguments: str) -> Path:
    """The folder with what ``pip install --target FOLDER`` makes of these arguments, once for a version of Python."""
    place = cache.directory() / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    with cache.locked(place.with_name(place.name + ".lock")):
        if not place.is_dir():
            part = place.with_name(place.name + ".part")
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
            subprocess.run([*command, "--target", str(part), *arguments], check=True, capture_output=True, text=True)
            part.rename(place)
    return place
