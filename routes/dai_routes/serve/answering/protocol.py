"""uvicorn's protocol with an end for connections that bring no request."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_SECONDS = 20.0


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose request has not begun, or whose headers are not whole, after some time.

    uvicorn waits for both for ever; the body is the application's to wait for.
    """

    _in_headers = False
    _waits: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for a request as long as for the next one of a connection that is kept."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._unset_keepalive_if_required()
        self._wait_no_more()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_headers = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its headers are whole."""
        self._in_headers = False
        self._wait_no_more()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take what came; most requests come whole, and are not waited for."""
        super().data_received(data)
        if self._in_headers and self._waits is None:
            self._waits = self.loop.call_later(_SECONDS, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None
