"""Folders of temporary files: what a killed process has left is deleted by the next one, since it may hold records."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import IO

_LOCK = "lock"


def claimed(folder: Path) -> IO[str]:
    """Lock a folder for as long as the file that is returned is open, or this process lives. Raises OSError."""
    # It gets its name when it is locked: others take a folder whose lock is free for left.
    unnamed = folder / f"{_LOCK}.new"
    file = unnamed.open("w")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    unnamed.rename(folder / _LOCK)
    return file


def remove(place: Path, prefix: str) -> None:
    """Delete the folders in a place, of names that begin so, that no process has locked any more."""
    for path in place.glob(prefix + "*"):
        try:
            with (path / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # in use, somebody else's, or just being made
