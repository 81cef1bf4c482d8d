"""Answers requests whose heads are known, without a task and a parser for each.

A client that keeps its connection sends the same head again and again, and only bodies differ. So the first request
with a head goes through uvicorn and :class:`App`. If rows are to be scored and nothing about it is unusual, its head is
remembered as bytes. A request that arrives whole, with such a head, has the same meaning: only its body is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from dai_routes.serve.answering.app import App, header, query_of
from dai_routes.serve.answering.deadlines import Deadline
from dai_routes.serve.answering.errors import SlowScoringError
from dai_routes.serve.answering.routing import Route
from dai_routes.serve.batching import Answered, Read, ScoringQueue, Waiting
from dai_routes.serve.dialects.base import Call, Context, ScorePath
from dai_scoring.service import HttpRequest, HttpResponse, Response
from dai_scoring.service.scoring import IN_MEMORY_BYTES

LONGEST_HEAD = 2048
"""Longer heads are not remembered."""
_MOST_HEADS = 1024
_OTHERWISE = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"x-request-id"})
"""Headers with which a request goes through uvicorn: they change how it is read, or differ in each request."""

Write = Callable[[list[bytes], bool], None]
"""Writes an answer: its parts, without the headers of every answer, and whether the connection is closed then."""


@dataclass(frozen=True, slots=True)
class KnownHead:
    """What a head means. ``length`` is that of the body, and ``http`` the request without one."""

    length: int
    route: Route
    path: ScorePath
    queue: ScoringQueue
    context: Context
    http: HttpRequest
    read: Callable[[bytes], Call] | None

    def reading(self, body: bytes) -> tuple[HttpRequest, Read]:
        """The request with this body, and what reads it."""
        if self.read is not None:
            return self.http, partial(self.read, body)
        http = replace(self.http, body=body)
        return http, partial(self.path.read, http, self.context)


class QuickAnswers:
    """Knows heads, and answers requests that have them as ``app`` does."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._heads: dict[bytes, KnownHead] = {}

    def known(self, head: bytes) -> KnownHead | None:
        """What a head means, if it is known, and requests are answered as usual."""
        return None if self._app.is_draining else self._heads.get(head)

    def learn(self, head: bytes, scope: Mapping[str, Any], keeps_alive: bool) -> None:
        """Remember a head, which uvicorn has read as ``scope``, if its requests can be answered here."""
        names = [name for name, _ in scope["headers"]]
        if (
            len(head) > LONGEST_HEAD
            # It has to be all that was read, and no more: empty lines, which may come before it, are no head.
            or head.count(b"\r\n") != len(names) + 2
            or not keeps_alive
            or scope["method"] != "POST"
            or scope["http_version"] != "1.1"
            or names.count(b"content-length") != 1
            or not _OTHERWISE.isdisjoint(names)
        ):
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        length = headers["content-length"]
        route = self._app.routes.get(scope["path"])
        if route is None or not length.isdigit() or int(length) > min(IN_MEMORY_BYTES, self._app.settings.most_body):
            return
        try:
            action = self._app.let_in(route, "POST", headers)
            if action.model is None or not isinstance(action.does, ScorePath):
                return
            http = HttpRequest("POST", action.path, query_of(scope), headers)
            context = action.model.context
            read = None if action.does.read_head is None else action.does.read_head(http, context)
        except Exception:  # noqa: BLE001 - uvicorn passes the request to the application, which answers the error
            return
        if len(self._heads) >= _MOST_HEADS:
            # Clients may send what they like. Those that stay are soon known again.
            self._heads.clear()
        self._heads[head] = KnownHead(int(length), route, action.does, action.model.queue, context, http, read)

    def answer(self, head: KnownHead, body: bytes, write: Write) -> None:
        """Answer a request; ``write`` is called later, in the event loop, in any case."""
        request = _Request(self._app, head, body, write)
        http, read = head.reading(body)
        try:
            request.waiting = head.queue.submit(head.path, http, body, read, request.answered)
        except Exception as error:  # noqa: BLE001 - the client must get an answer for any error
            request.refuse(error)


class _Request:
    """A request that waits for its answer."""

    __slots__ = ("_app", "_began", "_body", "_deadline", "_head", "_is_over", "_write", "waiting")

    def __init__(self, app: App, head: KnownHead, body: bytes, write: Write) -> None:
        self._began = time.perf_counter()
        self._app = app
        self._head = head
        self._body = body
        self._write = write
        self._is_over = False
        self.waiting: Waiting | None = None
        self._deadline: Deadline = app.deadlines.start(self._late)
        app.bodies.take(body)

    def answered(self, found: Answered) -> None:
        """Send the answer, unless it is too late."""
        if not self._is_over:
            self._send(found.http, found.response)

    def refuse(self, error: Exception) -> None:
        """Send what is wrong."""
        self._send(self._app.refused(self._head.route, "POST", self._head.http.path, error), None)

    def _late(self) -> None:
        if self.waiting is not None:
            self.waiting.give_up()
        self.refuse(SlowScoringError(self._app.settings.timeout))

    def _send(self, answer: HttpResponse, response: Response | None) -> None:
        self._is_over = True
        app = self._app
        app.deadlines.end(self._deadline)
        app.bodies.let_go(self._body)
        self._body = b""
        request_id = app.ids.new()
        body = answer.body
        if isinstance(body, Path):
            raise TypeError("a body in memory has its answer there")
        further = b"content-length: %d\r\nx-request-id: %b\r\n" % (len(body), request_id)
        closes = app.is_draining
        if closes:
            further += b"connection: close\r\n"
        app.count(request_id, "POST", self._head.route, answer.status, self._began, response)
        self._write([*_head_of(answer.status, tuple(answer.headers.items())), further, b"\r\n", body], closes)


@lru_cache(256)
def _head_of(status: int, headers: tuple[tuple[str, str], ...]) -> tuple[bytes, bytes]:
    """The line with the status, and headers."""
    written = b"".join(b"%b: %b\r\n" % header(name, value) for name, value in headers)
    return STATUS_LINE[status], written
