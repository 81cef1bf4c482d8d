"""Ports for the servers of tests."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

from tests.support.waiting import PATIENCE

_FILE = Path(tempfile.gettempdir()) / f"dai-tests-ports-{os.geteuid()}"
_given: set[int] = set()
_locks: list[int] = []


def free_port() -> int:
    """A free port of loopback, which no other process of tests is given while this one lives.

    The system gives these ports to no client. It would give others to clients between this call and the start of a
    server, or while a server is started again. NiFi's own ports are taken elsewhere, see dai_nifi.local.ports.
    """
    if not _locks:
        _locks.append(os.open(_FILE, os.O_RDWR | os.O_CREAT, 0o600))
    while True:
        port = random.randrange(10_000, 15_000)
        if port not in _given and _is_ours(port) and _is_free(port):
            _given.add(port)
            return port


def listens(port: int) -> bool:
    """Whether a server takes connections at a port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    except OSError:
        return False
    return True


def _is_ours(port: int) -> bool:
    """Lock the byte of the port; the system unlocks it at the end of this process, however it ends."""
    try:
        fcntl.lockf(_locks[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
