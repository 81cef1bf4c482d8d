"""The ASGI application: finds the path of a request, checks its key, receives its body, answers it and counts it.

There is no framework between uvicorn and the queue of a model: for one row it would take as long as the score.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from dai_routes.serve.answering import keys
from dai_routes.serve.answering.deadlines import Deadlines
from dai_routes.serve.answering.errors import KeyMissingError, MethodError, NoPathError, SlowBodyError, SlowScoringError
from dai_routes.serve.answering.receiving import Bodies, ClientLeftError, Message, Receive, drop
from dai_routes.serve.answering.request_log import RequestIds, log_request
from dai_routes.serve.answering.routing import Action, Route, Routes
from dai_routes.serve.dialects.base import ScorePath
from dai_routes.serve.settings import ServerSettings
from dai_scoring.service import HttpRequest, HttpResponse, Response
from dai_scoring.service.failures import failure_of, is_unexpected
from dai_scoring.service.scoring import log_place

Send = Callable[[Message], Awaitable[None]]
Observe = Callable[["Route | None", int, float, "Response | None"], None]
"""Called with each answer: the route, the status, the seconds that it took, and the service's response."""

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_BLOCK = 1 << 18
_ENDING = HttpResponse(503, {"Content-Type": "text/plain; charset=utf-8"}, b"The server ends")
_LEFT = 499
"""The status of a request whose client left, only in logs and metrics."""


class App:
    """Answers requests. ``routes`` has the paths; ``observe`` is called with each answer."""

    def __init__(self, settings: ServerSettings, routes: Routes, observe: Observe) -> None:
        self.settings = settings
        self.routes = routes
        self._observe = observe
        self.bodies = Bodies(settings.most_body, settings.most_bytes)
        self.ids = RequestIds()
        self.deadlines = Deadlines(settings.timeout)
        self.is_draining = False
        """Whether the server is about to end, so that each answer closes its connection."""

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        began = time.perf_counter()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method = scope["method"]
        route = self.routes.get(scope["path"])
        request_id = self.ids.of(headers)
        response: Response | None = None
        is_whole = method in ("GET", "HEAD")
        deadline = None
        try:
            action = self.let_in(route, method, headers)
            if action.takes_body:
                deadline = self.deadlines.start(_cancel_current_task())
                body = await self.bodies.read(receive, headers.get("content-length"))
                is_whole = True
                try:
                    answer, response = await self._answered(action, scope, headers, body)
                finally:
                    self.bodies.let_go(body)
            else:
                answer, response = await self._answered(action, scope, headers, b"")
        except ClientLeftError:
            self.count(request_id, method, route, _LEFT, began, None)
            return
        except asyncio.CancelledError:
            if deadline is None or not deadline.is_over:
                raise
            slow = SlowScoringError if is_whole else SlowBodyError
            answer = self.refused(route, method, scope["path"], slow(self.settings.timeout))
        except Exception as error:  # noqa: BLE001 - the client must get an answer for any error
            answer = self.refused(route, method, scope["path"], error)
        finally:
            if deadline is not None:
                self.deadlines.end(deadline)
        closes = self.is_draining or not is_whole
        # First: who has the answer may ask another process for the counts.
        self.count(request_id, method, route, answer.status, began, response)
        await _send(send, answer, request_id, method == "HEAD", closes, None if is_whole else receive)

    def count(
        self, request_id: bytes, method: str, route: Route | None, status: int, began: float, response: Response | None
    ) -> None:
        """Count and log an answer to a request that came at ``began``."""
        seconds = time.perf_counter() - began
        self._observe(route, status, seconds, response)
        if self.settings.logs_requests:
            log_request(request_id, method, route, status, seconds, response)

    def let_in(self, route: Route | None, method: str, headers: Mapping[str, str]) -> Action:
        """What a request asks for; raises RequestError if there is no such thing, or its key is not known."""
        known = self.settings.key_digests
        if known and not (route is not None and route.is_open) and not keys.is_known(headers, known):
            raise KeyMissingError
        if route is None:
            raise NoPathError(self.routes.models)
        action = route.actions.get(method)
        if action is None:
            raise MethodError(route.methods)
        return action

    async def _answered(
        self, action: Action, scope: Mapping[str, Any], headers: Mapping[str, str], body: bytes
    ) -> tuple[HttpResponse, Response | None]:
        if action.is_readiness and self.is_draining:
            return _ENDING, None
        # The headers of HEAD are those of GET, including the length of the body.
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        http = HttpRequest(method, action.path, query_of(scope), headers, body)
        if action.model is not None and isinstance(action.does, ScorePath):
            answered = await action.model.queue.answer(action.does, http)
            return answered.http, answered.response
        return await action.call(http), None

    def refused(self, route: Route | None, method: str, path: str, error: Exception) -> HttpResponse:
        """The answer that says what is wrong."""
        if is_unexpected(error):
            log_place(error)
        failure = failure_of(error)
        refuse = self.routes.refuse(path) if route is None else route.refuse
        answer = refuse(HttpRequest(method, path), failure)
        further: dict[str, str] = {}
        if isinstance(error, MethodError):
            further["Allow"] = ", ".join(error.allowed)
        elif isinstance(error, KeyMissingError):
            further["WWW-Authenticate"] = "Bearer"
        elif failure.status == 429:
            further["Retry-After"] = "1"
        return HttpResponse(answer.status, {**answer.headers, **further}, answer.body) if further else answer


def query_of(scope: Mapping[str, Any]) -> Mapping[str, str]:
    """The parameters of the query, each with its last value."""
    query = scope["query_string"]
    return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {}


async def _send(
    send: Send, answer: HttpResponse, request_id: bytes, is_head: bool, closes: bool, unread: Receive | None
) -> None:
    """Send an answer. ``unread`` is given if the client may still be sending its request."""
    body = answer.body
    size = body.stat().st_size if isinstance(body, Path) else len(body)
    headers = [header(name, value) for name, value in answer.headers.items()]
    headers += ((b"content-length", b"%d" % size), (b"x-request-id", request_id))
    if closes:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if isinstance(body, bytes):
        start, end = 0, 0 if is_head else len(body)
        # In pieces, so that a client that reads slowly is seen to read.
        while end - start > _BLOCK:
            await send({"type": "http.response.body", "body": body[start : start + _BLOCK], "more_body": True})
            start += _BLOCK
        await send({"type": "http.response.body", "body": body[start:end], "more_body": unread is not None})
        if unread is not None:
            await drop(unread)
            await send({"type": "http.response.body"})
        return
    try:
        with body.open("rb") as file:
            while not is_head and (block := file.read(_BLOCK)):
                await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body"})
    finally:
        body.unlink(missing_ok=True)


def _cancel_current_task() -> Callable[[], object]:
    task = asyncio.current_task()
    return task.cancel if task is not None else lambda: None


@lru_cache(256)
def header(name: str, value: str) -> tuple[bytes, bytes]:
    """A header as bytes. A model's id may have any character, so others are replaced."""
    return name.lower().encode("latin-1"), _CONTROL.sub(b" ", value.encode("latin-1", "replace"))
