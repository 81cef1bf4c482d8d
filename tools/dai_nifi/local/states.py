"""The state of a NiFi on this machine, after a start or when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dai_nifi.local.certificates import Validity


@dataclass(frozen=True)
class Node:
    """A node of a cluster; ``state`` and ``roles`` as the cluster reports them, None and empty if it does not."""

    name: str
    running: bool
    state: str | None
    roles: tuple[str, ...]
    url: str
    pid: int | None
    dir: Path
    log: Path


@dataclass(frozen=True)
class RunningNiFi:
    """A NiFi that runs: canvas and REST addresses, process id, folder, version and the log to look at."""

    url: str
    api: str
    pid: int | None
    dir: Path
    version: str
    log: Path
    already_running: bool = False
    nodes: tuple[Node, ...] = ()
    """Of a cluster; the rest is then about the first of them."""


@dataclass(frozen=True)
class Status:
    """What is known of a NiFi; ``running`` is about its process, ``version`` is known once its API answers."""

    running: bool
    dir: Path
    log: Path
    url: str | None = None
    api: str | None = None
    pid: int | None = None
    version: str | None = None
    uptime_seconds: float | None = None
    certificates: tuple[Validity, ...] = ()
    """Of a secured NiFi: how long they are valid."""
    nodes: tuple[Node, ...] = ()
    """Of a cluster; the rest is then about the first of them that runs."""
