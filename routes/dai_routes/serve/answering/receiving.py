"""Receives the body of a request, and checks its size while it arrives."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from dai_routes.serve.answering.errors import QueueFullError
from dai_scoring.errors import RequestError
from dai_scoring.service.http_errors import TooLargeError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_MOST_DROPPED = 64 << 20
"""How many more bytes of a too large body are read: most clients read the answer only after they have sent all."""
_DROP_SECONDS = 30.0
_SILENT_SECONDS = 5.0


async def drop(receive: Receive) -> None:
    """Read what a client still sends behind its answer, and drop it, for half a minute, or 5 seconds of silence.

    If the connection was closed at once, the system would reset it, and the client might never read the answer.
    """
    end = time.monotonic() + _DROP_SECONDS
    more = True
    with contextlib.suppress(asyncio.TimeoutError):
        while more and time.monotonic() < end:
            message = await asyncio.wait_for(receive(), _SILENT_SECONDS)
            more = message.get("more_body", False)


class ClientLeftError(Exception):
    """The client closed the connection before it had sent the whole request."""


class Bodies:
    """Reads bodies of at most ``most_body`` bytes each, and at most ``most_bytes`` together in memory."""

    def __init__(self, most_body: int, most_bytes: int) -> None:
        self._most_body = most_body
        self._most_bytes = most_bytes
        self.held = 0

    async def read(self, receive: Receive, length: str | None) -> bytes:
        """A whole body. Call :meth:`let_go` when it is no longer needed.

        ``length`` is the header Content-Length. Raises TooLargeError, QueueFullError, or ClientLeftError.
        """
        if length is not None and length.isdigit() and int(length) > self._most_body + _MOST_DROPPED:
            raise TooLargeError(self._most_body)
        message = await receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            if message["type"] == "http.disconnect":
                raise ClientLeftError
            if len(body) > self._most_body:
                raise TooLargeError(self._most_body)
            self.take(body)
            return body
        return await self._long(receive, body)

    def take(self, body: bytes) -> None:
        """Count a body that is here already."""
        self.held += len(body)

    def let_go(self, body: bytes) -> None:
        """Count the body as released."""
        self.held -= len(body)

    async def _long(self, receive: Receive, first: bytes) -> bytes:
        parts, size = [first], len(first)
        self.held += size
        more = True
        refusal: RequestError | None = None
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientLeftError
                part: bytes = message.get("body", b"")
                more = message.get("more_body", False)
                if refusal is not None:
                    size += len(part)
                    if size > self._most_body + _MOST_DROPPED:
                        break
                    continue
                size += len(part)
                self.held += len(part)
                parts.append(part)
                if size > self._most_body:
                    refusal = TooLargeError(self._most_body)
                elif self.held > self._most_bytes:
                    refusal = QueueFullError()
                if refusal is not None:
                    self.held -= sum(map(len, parts))
                    parts.clear()
            if refusal is not None:
                raise refusal
            return b"".join(parts)
        except BaseException:
            self.held -= sum(map(len, parts))
            raise
