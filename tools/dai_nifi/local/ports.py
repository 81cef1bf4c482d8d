"""Ports of the loopback interface that a local NiFi can listen on."""

from __future__ import annotations

import secrets
import socket

from dai_nifi.errors import ConflictError

LOOPBACK = "127.0.0.1"

# Linux gives clients the ports from 32768, other systems those from 49152.
_FIRST, _COUNT = 15_000, 15_000
_TRIES = 100


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on now.

    If there is one, it is a port that the system gives to no client: NiFi listens only seconds later, and again after
    it was started again, and meanwhile a client could have got it.
    """
    for _ in range(_TRIES):
        port = _FIRST + secrets.randbelow(_COUNT)
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def claim_port(wanted: int) -> int:
    """Return ``wanted`` if NiFi can listen on it, or a free port for 0.

    Raises:
        ConflictError: something else listens there, or the system does not allow it.

    """
    if wanted == 0:
        return free_port()
    with socket.socket() as probe:
        # As NiFi does: connections of a stopped server that fade out do not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
            probe.listen(1)
        except OSError as error:
            raise ConflictError(
                f"Port {wanted} on {LOOPBACK} cannot be used: {error.strerror}. "
                "Stop what listens there, or choose another with --port (0 takes a free one)."
            ) from error
    return wanted
