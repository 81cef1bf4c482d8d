"""uvicorn's protocol, with time limits for clients that send no request, or do not read their answer."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_SECONDS = 20.0


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection after some time without progress.

    That is if no request begins, if its headers are not complete, or if the client reads nothing of its answer. uvicorn
    would wait for ever for all of these, and keep the answer in memory. The application limits the time for the body.
    ``unread_seconds`` is the limit for a client that reads nothing.
    """

    def __init__(self, *arguments: Any, unread_seconds: float, **further: Any) -> None:
        super().__init__(*arguments, **further)
        self._unread_seconds = unread_seconds

    _in_headers = False
    _waits: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the time limit for the first request; it is the same as between two requests."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limits."""
        self._unset_keepalive_if_required()
        self._wait_no_more()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More of an answer waits to be sent than the system takes: the client has to read now."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self._unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads. A client that goes on slowly gets the whole time again."""
        self._is_read()
        super().resume_writing()

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

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait_no_more(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None
