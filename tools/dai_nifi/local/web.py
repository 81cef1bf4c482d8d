"""The few looks at a NiFi's HTTP side that starting and stopping it take."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Collection
from typing import Any

from dai_nifi.errors import ConflictError, NiFiUnreachableError, ToolError

LOOPBACK = "127.0.0.1"

_TIMEOUT_SECONDS = 30.0


class Api:
    """The REST API of a local NiFi, such as ``http://host:port/nifi-api``; HTTPS with the given certificates."""

    def __init__(self, base: str, tls: ssl.SSLContext | None = None) -> None:
        self.base = base
        # Without the environment's proxies: they have no business between this machine and itself.
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if tls is not None:
            handlers.append(urllib.request.HTTPSHandler(context=tls))
        self._opener = urllib.request.build_opener(*handlers)

    def version(self, timeout: float = 5.0) -> str | None:
        """The version of the NiFi that answers there; None if none does."""
        try:
            with self._opener.open(f"{self.base}/flow/about", timeout=timeout) as answer:
                return str(json.load(answer)["about"]["version"])
        except (OSError, ValueError, KeyError, TypeError):
            # Refused while it starts, 503 or a page without JSON while it initializes.
            return None

    def get(self, path: str, absent: Collection[int] = ()) -> Any:
        """What NiFi answers to a GET, parsed; None if it answers one of the codes in ``absent``.

        Raises:
            NiFiUnreachableError: it does not answer.
            ToolError: it refuses.

        """
        return self._ask(urllib.request.Request(self.base + path), absent)  # noqa: S310 - http or https, ours

    def send(self, method: str, path: str, body: Any) -> Any:
        """What NiFi answers to a document, parsed; raises as get() does."""
        headers = {"Content-Type": "application/json"}
        content = json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, content, headers, method=method)  # noqa: S310
        return self._ask(request, ())

    def _ask(self, request: urllib.request.Request, absent: Collection[int]) -> Any:
        what = f"{request.get_method()} {request.full_url}"
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code in absent:
                return None
            raise ToolError(f"NiFi refuses {what} ({error.code}): {error.read().decode(errors='replace')}") from error
        except (OSError, ValueError) as error:
            raise NiFiUnreachableError(f"NiFi does not answer {what}: {error}") from error


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
