"""File systems with little room, for tests of full disks; only root may mount them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, size: str = "40m") -> Iterator[Path]:
    """A file system of this size in a new folder; skips the test where none can be mounted."""
    folder.mkdir(parents=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.strip() or 'only root may'}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file: Path) -> None:
    """Take all the room that a file system has left."""
    with file.open("wb", buffering=0) as rest:
        try:
            while rest.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass
