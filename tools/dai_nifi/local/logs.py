"""Reads the end of a log file, and the lines that are added to it."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path


def last_lines(file: Path, count: int) -> list[str]:
    """Return the last ``count`` lines, without their line ends."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        return [line.rstrip("\n") for line in deque(lines, maxlen=count)]


def last_words(files: Iterable[Path], count: int = 15) -> list[str]:
    """The end of several log files, one after the other, without the frames of Java's stack traces."""
    ends = [line for file in files if file.exists() for line in last_lines(file, 200)]
    reasons = [line for line in ends if not line.lstrip().startswith(("at ", "... "))]
    return reasons[-count:] or ["(nothing)"]


def follow(file: Path, go_on: Callable[[], bool] = lambda: True, pause: float = 0.3) -> Iterator[str]:
    """Yield each line that is written from now on; continues with the new file when the log rotates.

    Ends when ``go_on`` says so; it is asked after ``pause`` seconds without a new line.
    """
    handle = file.open(encoding="utf-8", errors="replace")
    try:
        handle.seek(0, 2)
        begun = ""
        while True:
            part = handle.readline()
            if part:
                # A line may be half written.
                begun += part
                if begun.endswith("\n"):
                    yield begun.rstrip("\n")
                    begun = ""
                continue
            if not go_on():
                return
            time.sleep(pause)
            if file.exists() and file.stat().st_ino != os.fstat(handle.fileno()).st_ino:
                handle.close()
                handle = file.open(encoding="utf-8", errors="replace")
    finally:
        handle.close()
