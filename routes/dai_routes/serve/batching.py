"""The queue of a model. Requests that arrive during a call of the model are scored together in the next call.

No request waits for a timer. Java and scoring pipelines are called in threads: Java releases Python's lock, and a
pipeline is another process. The C++ runtime holds the lock, so threads would not help, and the event loop calls it. The
event loop also scores a single quick request for Java, because waking a thread takes longer than the score. It does not
if more than predictions is wanted, for which Java first loads classes or the whole model once more; nor for a pipeline,
which may take a second for one row and a millisecond for the row before.
"""

from __future__ import annotations

import asyncio
import queue
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dai_routes.serve.answering.errors import QueueFullError
from dai_routes.serve.dialects.base import Call, Context, ScorePath, failed
from dai_scoring.formats.detect import is_binary
from dai_scoring.service import HttpRequest, HttpResponse, Response
from dai_scoring.service.failures import failure_of, is_unexpected
from dai_scoring.service.requests import RequestContents
from dai_scoring.service.scoring import IN_MEMORY_BYTES, log_place

MOST_TOGETHER = 256
"""About how many requests are scored in one call at most."""

_QUICK_SECONDS = 0.002
"""If a request takes longer, the next is not scored in the event loop, where others would wait for it."""

_OF_H2O = re.compile(rb"requestShapley|requestPrediction")
_ASKS_MORE = {
    "/model/contribution": re.compile(b""),
    "/model/score": _OF_H2O,
    "/invocations": _OF_H2O,
    "/rpc": re.compile(rb"pred_contribs|get_transformed"),
}
"""By path, what is in the bodies of requests for contributions and intervals."""


@dataclass(slots=True)
class Answered:
    """The answer for the client, and the service's response, for counts and logs. Nothing changes it."""

    http: HttpResponse
    response: Response


Read = Callable[[], "Call | HttpResponse"]
"""Reads a request, as :attr:`ScorePath.read` does."""

_NOBODY = HttpRequest("POST", "")
_NOT_SCORED = Answered(HttpResponse(504, {}), Response(None))


@dataclass(slots=True)
class Waiting:
    """A request that waits for its score. ``read`` is None once nobody waits for the answer."""

    path: ScorePath
    http: HttpRequest
    read: Read | None
    done: Callable[[Answered], None]
    asks_more: bool
    """Whether it may ask for more than predictions."""

    def give_up(self) -> None:
        """Do not score it if that has not begun, and do not keep its body."""
        self.read = None
        self.http = _NOBODY


class ScoringQueue:
    """Takes requests for a model, and scores waiting requests together. Used from one event loop.

    ``threads`` is the number of threads that score; with 0 the event loop scores. With ``uses_loop`` the event loop may
    score quick requests as well. ``on_batch`` is called with the number of requests in each call, from any thread.
    """

    def __init__(
        self,
        context: Context,
        threads: int,
        most_waiting: int,
        on_batch: Callable[[int], None],
        *,
        uses_loop: bool,
    ) -> None:
        self._context = context
        self._uses_loop = uses_loop
        self._most = most_waiting
        self._on_batch = on_batch
        self._loop = asyncio.get_running_loop()
        self._held = 0
        self._together: list[Waiting] = []
        self._queue: queue.SimpleQueue[list[Waiting] | None] = queue.SimpleQueue()
        self._is_quick = False
        self._threads = [
            threading.Thread(target=self._work, name=f"dai-serve-{context.name}-{number}", daemon=True)
            for number in range(threads)
        ]
        # Many rows are scored separately, so that requests of few rows do not wait for them.
        self._large = ThreadPoolExecutor(2, f"dai-serve-{context.name}-large")
        for one in self._threads:
            one.start()

    @property
    def waiting(self) -> int:
        """How many requests have no answer yet."""
        return self._held

    async def answer(self, path: ScorePath, http: HttpRequest) -> Answered:
        """Score a request. Raises QueueFullError if too many wait; any other error is in the answer."""
        answered: asyncio.Future[Answered] = self._loop.create_future()

        def done(answer: Answered) -> None:
            if not answered.done():
                answered.set_result(answer)
            elif isinstance(answer.http.body, Path):
                # The client has left.
                answer.http.body.unlink(missing_ok=True)

        waiting = self.submit(path, http, http.body, partial(path.read, http, self._context), done)
        try:
            return await answered
        except asyncio.CancelledError:
            waiting.give_up()
            raise

    def submit(
        self, path: ScorePath, http: HttpRequest, body: RequestContents, read: Read, done: Callable[[Answered], None]
    ) -> Waiting:
        """Do the same without a task: ``read`` reads the request, and ``done`` gets the answer, in the event loop.

        ``http`` may lack the ``body``. Give up what is returned once nobody waits for the answer.
        """
        if self._held >= self._most:
            raise QueueFullError
        # Looked at only if the event loop could score it.
        asks_more = self._is_quick and path.path in _ASKS_MORE and _asks_more(path.path, body)
        one = Waiting(path, http, read, done, asks_more)
        self._held += 1
        if _may_be_large(http, body):
            self._large.submit(self._score_large, one)
            return one
        if not self._together:
            # After all requests that have already arrived.
            self._loop.call_soon(self._begin)
        self._together.append(one)
        return one

    def model_changed(self) -> None:
        """The model is another one, so that nothing is known of its speed."""
        self._is_quick = False

    def close(self) -> None:
        """End the threads after they have scored the waiting requests."""
        for _ in self._threads:
            self._queue.put(None)
        for one in self._threads:
            one.join()
        self._large.shutdown()

    def _begin(self) -> None:
        batch, self._together = self._together, []
        if self._threads and not (self._is_quick and self._held == 1 and not batch[0].asks_more):
            self._queue.put(batch)
            return
        for start in range(0, len(batch), MOST_TOGETHER):
            part = batch[start : start + MOST_TOGETHER]
            self._finish(part, self._timed(part))

    def _work(self) -> None:
        while (batch := self._queue.get()) is not None:
            try:
                while len(batch) < MOST_TOGETHER:
                    more = self._queue.get_nowait()
                    if more is None:
                        # For another thread, or for this one after this batch.
                        self._queue.put(None)
                        break
                    batch += more
            except queue.Empty:
                pass
            self._hand_over(batch, self._timed(batch))

    def _score_large(self, one: Waiting) -> None:
        self._hand_over([one], self._scored([one]))

    def _timed(self, batch: Sequence[Waiting]) -> list[Answered]:
        began = time.perf_counter()
        answers = self._scored(batch)
        if len(batch) == 1:
            # One that nobody waits for any more says nothing of the next.
            is_quick = batch[0].read is not None and time.perf_counter() - began < _QUICK_SECONDS
            self._is_quick = self._uses_loop and is_quick
        return answers

    def _hand_over(self, batch: Sequence[Waiting], answers: Sequence[Answered]) -> None:
        self._loop.call_soon_threadsafe(self._finish, batch, answers)

    def _finish(self, batch: Sequence[Waiting], answers: Sequence[Answered]) -> None:
        self._held -= len(batch)
        for one, answer in zip(batch, answers, strict=True):
            try:
                one.done(answer)
            except Exception as error:  # noqa: BLE001 - the others must get their answers
                log_place(error)

    def _scored(self, batch: Sequence[Waiting]) -> list[Answered]:
        reads = [one.read for one in batch]
        if count := len(batch) - reads.count(None):
            self._on_batch(count)
        calls: dict[int, Call] = {}
        answers: dict[int, Answered] = {}
        for index, (one, read) in enumerate(zip(batch, reads, strict=True)):
            if read is None:
                answers[index] = _NOT_SCORED
                continue
            try:
                found = read()
                if isinstance(found, HttpResponse):
                    answers[index] = Answered(found, Response(None))
                else:
                    calls[index] = found
            except Exception as error:  # noqa: BLE001 - the client must get an answer for any error
                answers[index] = self._failed(one, error)
        responses = self._context.service.respond_all([call.request for call in calls.values()])
        for (index, call), response in zip(calls.items(), responses, strict=True):
            one = batch[index]
            try:
                if response.failure is not None:
                    answers[index] = self._failed(one, response.failure.error)
                else:
                    answers[index] = Answered(call.answer(response), response)
            except Exception as error:  # noqa: BLE001 - as above
                answers[index] = self._failed(one, error)
        return [answers[index] for index in range(len(batch))]

    def _failed(self, one: Waiting, error: Exception) -> Answered:
        if is_unexpected(error):
            log_place(error)
        failure = failure_of(error)
        try:
            written = one.path.refuse(one.http, failure)
        except Exception as fault:  # noqa: BLE001 - if this thread ended, all other requests would get no answer
            log_place(fault)
            written = failed(one.http, failure)
        return Answered(written, Response(None, failure=failure))


def _asks_more(path: str, body: RequestContents) -> bool:
    return isinstance(body, bytes) and _ASKS_MORE[path].search(body) is not None


def _may_be_large(http: HttpRequest, body: RequestContents) -> bool:
    """Whether there may be many rows: a few bytes can become a thousand times as many, or millions of rows."""
    return isinstance(body, bytes) and (
        len(body) > IN_MEMORY_BYTES or "content-encoding" in http.headers or is_binary(body)
    )
