"""Brokers of the tests' own, and workers that read from them."""

from __future__ import annotations

import random
import socket


def quiet_port() -> int:
    """A free port of loopback, of those that the system gives to no client.

    A client that keeps asking a port of the others, while its server restarts, may get it for itself.
    """
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
