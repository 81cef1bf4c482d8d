"""The few looks at a NiFi's HTTP side that starting and stopping it take."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request

from dai_nifi.errors import ConflictError

LOOPBACK = "127.0.0.1"

# Without the environment's proxies: they have no business between this machine and itself.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def nifi_version(api: str, timeout: float = 5.0) -> str | None:
    """Return the version of the NiFi at ``api`` (``http://host:port/nifi-api``); None if none answers."""
    try:
        with _opener.open(f"{api}/flow/about", timeout=timeout) as answer:
            return str(json.load(answer)["about"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        # Refused while it starts, 503 or a page without JSON while it initializes.
        return None


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on now."""
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
