"""Images for machines that cannot fetch the official ones: a Debian in a folder, packed into the engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RELEASE = "bookworm"
PYTHON = "3.11"  # of that release


def missing() -> str | None:
    """What this machine lacks to make such an image, or None."""
    if os.geteuid() != 0:
        return "an image of Debian can only be made by root"
    return None if shutil.which("debootstrap") else "an image of Debian needs debootstrap (its Debian package)"


@contextmanager
def root(folder: Path, *packages: str) -> Iterator[Path]:
    """Make a Debian with those packages below the folder, and remove it at the end; what was said stays there."""
    made = folder / "root"
    with (folder / "debootstrap.log").open("w") as kept:
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", RELEASE, str(made)]
        subprocess.run(command, check=True, stdout=kept, stderr=subprocess.STDOUT)
    try:
        yield made
    finally:
        shutil.rmtree(made)


def pack(made: Path, tag: str, *changes: str) -> None:
    """Make an image of a folder, with instructions such as USER."""
    changed = [word for change in changes for word in ("--change", change)]
    with subprocess.Popen(["tar", "--create", "--directory", made, "."], stdout=subprocess.PIPE) as packed:
        subprocess.run(["docker", "import", *changed, "-", tag], stdin=packed.stdout, check=True)
