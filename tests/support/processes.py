"""Processes of this machine, looked up in /proc."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def running_in(directory: Path) -> list[int]:
    """Process ids whose working folder is in ``directory``, found without the tool's own means."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                place = (entry / "cwd").readlink()
            except OSError:
                continue
            if place.is_relative_to(directory):
                found.append(int(entry.name))
    return found


def in_group(group: int) -> list[int]:
    """Process ids of a process group, zombies left out."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def living(pids: Iterable[int]) -> set[int]:
    """Those that still run; the dead may wait for whoever inherits them."""
    return {pid for pid in pids if alive(pid)}


def children(pid: int) -> set[int]:
    """Its child processes; none if it has ended."""
    found: set[int] = set()
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # the thread has ended meanwhile
                found.update(map(int, (thread / "children").read_text().split()))
    return found


def command_line(pid: int) -> bytes:
    """The words of a process; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def hear_ctrl_c() -> None:
    """For a command that gets it: tests that run in the background ignore it, and so would what they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
