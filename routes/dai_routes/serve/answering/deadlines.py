"""The time limit of requests. One timer checks all of them now and then, since a timer for each would cost more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

_LOOKS = 20
"""How many times all requests are checked within the time limit."""


@dataclass(slots=True, eq=False)
class Deadline:
    """When a request must be answered; ``is_over`` says whether ``cancel`` was called because of it."""

    at: float
    cancel: Callable[[], object]
    is_over: bool = False


class Deadlines:
    """Cancels requests that take longer than ``seconds``, at most a twentieth of that time too late."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: set[Deadline] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, cancel: Callable[[], object]) -> Deadline:
        """Start the time limit of a request; ``cancel`` is called when it is over."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._look()
        found = Deadline(self._loop.time() + self._seconds, cancel)
        self._running.add(found)
        return found

    def end(self, deadline: Deadline) -> None:
        """End the time limit of a request that is answered."""
        self._running.discard(deadline)

    def _look(self) -> None:
        if self._loop is None:
            return
        now = self._loop.time()
        for one in [one for one in self._running if one.at <= now]:
            self._running.discard(one)
            one.is_over = True
            one.cancel()
        self._loop.call_later(self._seconds / _LOOKS, self._look)
