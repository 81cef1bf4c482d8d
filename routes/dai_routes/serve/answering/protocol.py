"""uvicorn's protocol, with limits for clients that send no request, endless headers, or do not read their answer.

Requests with a known head, which are most, do not go through uvicorn: see :mod:`dai_routes.serve.answering.quick`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from dai_routes.serve.answering.quick import LONGEST_HEAD, KnownHead, QuickAnswers

_HEAD_END = b"\r\n\r\n"
_SECONDS = 20.0
_MOST_HEADERS = 64 << 10
_HEADERS_TOO_LARGE = STATUS_LINE[431] + b"content-length: 0\r\nconnection: close\r\n\r\n"


class _Flow(FlowControl):
    """Reads no more while requests wait that the client sent before it had an answer.

    uvicorn reads on after each answer. It would take any number of requests of a client that reads no answers.
    """

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        """Read on, unless requests wait."""
        if not self._protocol.pipeline:
            super().resume_reading()


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection after some time without progress, or whose headers have no end.

    That is if no request begins, if its headers are not complete, or if the client reads nothing of its answer. uvicorn
    would wait for ever for all of these, and keep the answer or the headers in memory. The application limits the time
    for the body. ``unread_seconds`` is the limit for a client that reads nothing. ``quick`` answers requests with a
    known head; None if all go through uvicorn.
    """

    def __init__(
        self, *arguments: Any, unread_seconds: float, quick: QuickAnswers | None = None, **further: Any
    ) -> None:
        super().__init__(*arguments, **further)
        self._unread_seconds = unread_seconds
        self._quick = quick

    _in_headers = False
    _is_between = True
    """Whether the next byte begins a request for uvicorn's parser."""
    _head: bytes | None = None
    """The head of the request that uvicorn reads, if it came in one piece."""
    _headers_size = 0
    """How many bytes have come since the last headers were complete, or the last piece of a body."""
    _waits_for_score = False
    """Whether a request with a known head is being answered."""
    _later = b""
    """What the client has sent after such a request, before it had the answer."""
    _closes = False
    _ended_at = 0.0
    _waits: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the time limit for the first request; it is the same as between two requests."""
        super().connection_made(transport)
        self.flow = _Flow(self)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    # uvicorn's own returns nothing, which closes the connection.
    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more, but may wait for the answer to a request that is here: then True. Not with TLS."""
        if not self._is_between or self.scheme == "https":
            return False
        if self._waits_for_score:
            self._closes = True
            return True
        if self._has_answer():
            return False
        self.cycle.keep_alive = False
        return True

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
        self._is_between = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The headers are complete."""
        self._in_headers = False
        self._headers_size = 0
        self._wait_no_more()
        super().on_headers_complete()
        head, self._head = self._head, None
        if head is not None and self._quick is not None:
            self._quick.learn(head, self.scope, self.parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._headers_size = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is complete."""
        self._is_between = True
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Take data. The time limit starts only if the headers are not complete, which is rare."""
        if self._waits_for_score:
            self._later += data
            self.flow.pause_reading()
            return
        if self._quick is not None and self._is_between and self._is_answered():
            end = data.find(_HEAD_END, 0, LONGEST_HEAD) + len(_HEAD_END)
            head = data[:end] if end >= len(_HEAD_END) else None
            known = None if head is None else self._quick.known(head)
            if known is not None and len(data) == end + known.length:
                self._answer(self._quick, known, data[end:])
                return
            self._head = head if known is None else None
        if self._is_between and not data.strip(b"\r\n"):
            # Empty lines begin no request, so the time in which one has to begin goes on. uvicorn would stop it.
            self._head = None
            return
        self._headers_size += len(data)
        super().data_received(data)
        self._head = None
        if self._headers_size > _MOST_HEADERS and not self._is_between:
            self._refuse_headers()
        elif self._in_headers and self._waits is None:
            self._waits = self.loop.call_later(_SECONDS, self._headers_are_late)

    def shutdown(self) -> None:
        """The server ends: close the connection, after the answer if there is a request."""
        if self._waits_for_score:
            self._closes = True
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it was idle for the whole time. Requests with a known head leave the timer on."""
        left = self._ended_at + self.timeout_keep_alive - self.loop.time()
        if self._waits_for_score or left > 0:
            after = self.timeout_keep_alive if self._waits_for_score else left
            self.timeout_keep_alive_task = self.loop.call_later(after, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _has_answer(self) -> bool:
        """Whether all requests that uvicorn has read are answered."""
        return self.cycle is None or self.cycle.response_complete

    def _is_answered(self) -> bool:
        """Whether all requests so far are answered, and the client reads."""
        return self._has_answer() and not self.flow.write_paused

    def _answer(self, quick: QuickAnswers, head: KnownHead, body: bytes) -> None:
        self._waits_for_score = True
        quick.answer(head, body, self._write)

    def _write(self, parts: list[bytes], closes: bool) -> None:
        self._waits_for_score = False
        self._ended_at = self.loop.time()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        # uvicorn's own headers, such as the date, are after the status.
        for name, value in self.server_state.default_headers:
            parts[0] += b"%b: %b\r\n" % (name, value)
        self.transport.write(b"".join(parts))
        if closes or self._closes:
            self.transport.close()
        elif self._later:
            later, self._later = self._later, b""
            self.flow.resume_reading()
            self.data_received(later)

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _headers_are_late(self) -> None:
        """Close the connection, but not before earlier requests have their answers: until then little is read."""
        if self._has_answer():
            self.transport.close()
        else:
            self._waits = self.loop.call_later(_SECONDS, self._headers_are_late)

    def _refuse_headers(self) -> None:
        if self.transport.is_closing():
            return
        if self._has_answer():
            self.transport.write(_HEADERS_TOO_LARGE)
            self.transport.close()
        else:
            # An earlier request has to be answered first, or these are trailers: then its time limit ends it.
            self.flow.pause_reading()

    def _wait_no_more(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None
