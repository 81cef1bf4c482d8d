"""The time that requests may take: all are looked over now and then, as a timer for each would cost more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

_LOOKS = 20
"""So many times within the time of a request."""


@dataclass(slots=True, eq=False)
class Deadline:
    """When a task has to end; ``is_over`` says that it was cancelled for this."""

    at: float
    task: asyncio.Task[Any] | None
    is_over: bool = False


class Deadlines:
    """Cancels the task of a request that takes longer than some seconds, by a twentieth at most."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: set[Deadline] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> Deadline:
        """Begin the time of the task that runs."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._look()
        found = Deadline(self._loop.time() + self._seconds, asyncio.current_task())
        self._running.add(found)
        return found

    def end(self, deadline: Deadline) -> None:
        """The task has its answer."""
        self._running.discard(deadline)

    def _look(self) -> None:
        if self._loop is None:
            return
        now = self._loop.time()
        for one in [one for one in self._running if one.at <= now]:
            self._running.discard(one)
            one.is_over = True
            if one.task is not None:
                one.task.cancel()
        self._loop.call_later(self._seconds / _LOOKS, self._look)
