"""uvicorn's protocol, with a time limit for connections that send no request."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_SECONDS = 20.0


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection if no request begins, or if its headers are not complete, after some time.

    uvicorn would wait for ever for both. The application limits the time for the body.
    """

    _in_headers = False
    _waits: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the time limit for the first request; it is the same as between two requests."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limits."""
        self._unset_keepalive_if_required()
        self._wait_no_more()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_headers = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The headers are complete."""
        self._in_headers = False
        self._wait_no_more()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take data. The time limit starts only if the headers are not complete, which is rare."""
        super().data_received(data)
        if self._in_headers and self._waits is None:
            self._waits = self.loop.call_later(_SECONDS, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None
