"""The REST API of one node of a local NiFi, with its own certificates.

nipyapi has one connection for the whole process. What starts a NiFi or a cluster asks several nodes, before a command
has connected to any of them; so it does without nipyapi.
"""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Collection
from typing import Any

from dai_nifi.errors import NiFiUnreachableError, ToolError

_TIMEOUT_SECONDS = 30.0


class NodeApi:
    """The REST API of a node, such as ``http://host:port/nifi-api``; HTTPS with the given certificates."""

    def __init__(self, base: str, tls: ssl.SSLContext | None = None) -> None:
        self.base = base
        # Without the environment's proxies: a proxy cannot reach this machine by its loopback address.
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
        """The answer to a GET, parsed; None if its status is one of those in ``absent``.

        Raises:
            NiFiUnreachableError: it does not answer.
            ToolError: it refuses.

        """
        return self._ask(urllib.request.Request(self.base + path), absent)  # noqa: S310 - http or https, ours

    def send(self, method: str, path: str, body: Any) -> Any:
        """The answer to a document, parsed; raises as get() does."""
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
