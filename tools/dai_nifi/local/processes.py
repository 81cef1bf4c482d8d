"""Asks the system about processes: who a process is, and which others belong to a NiFi.

A process id alone does not identify a process: the system gives it to another one later. The start time tells them
apart. And what NiFi starts carries a mark in its environment, which finds Python processes that outlive it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from dai_nifi.waiting import wait_until

MARK = "DAI_NIFI_INSTANCE"

_PAUSE = 0.1

_PROC = Path("/proc")
_STATE, _START = 0, 19  # fields of /proc/PID/stat, counted after the name


def identity(pid: int) -> str | None:
    """Return what distinguishes this process from a later one with the same id; None if it has ended."""
    if not _PROC.joinpath("self").exists():
        return _ask_ps(pid)
    fields = _stat(pid)
    if fields is None:
        return None
    boot = _PROC.joinpath("sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}/{fields[_START]}"


def members(group: int, mark: str) -> list[int]:
    """Return the ids of the live processes that carry ``mark``, in whatever process group they are.

    Where the system does not show environments (macOS), the processes of the group ``group``.
    """
    if not _PROC.joinpath("self").exists():
        listed = subprocess.run(["ps", "-axo", "pid=,pgid="], capture_output=True, text=True, check=False).stdout
        rows = (line.split() for line in listed.splitlines())
        return [int(pid) for pid, pgid in rows if int(pgid) == group]
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and _stat(int(entry.name)) is not None:
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:  # it has ended, or is another user's
                continue
            if wanted in environment.split(b"\0"):
                found.append(int(entry.name))
    return found


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to each process; those that have already ended do not matter."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def wait_until_gone(pid: int, who: str, seconds: float) -> bool:
    """Wait for the process of that id and identity to end; whether it did within ``seconds``."""
    return bool(wait_until(lambda: identity(pid) != who, seconds, pause=_PAUSE))


def end_members(group: int, mark: str, seconds: float) -> None:
    """End the processes of members(): with SIGTERM, and those that are left after ``seconds`` with SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        send(members(group, mark), number)
        if wait_until(lambda: not members(group, mark), seconds, pause=_PAUSE):
            return


def _stat(pid: int) -> list[str] | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name stands in brackets and may itself hold spaces and brackets.
    fields = text.rpartition(")")[2].split()
    return None if fields[_STATE] in "ZX" else fields


def _ask_ps(pid: int) -> str | None:
    ran = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = ran.stdout.strip().partition(" ")
    return started.strip() or None if state and not state.startswith("Z") else None
