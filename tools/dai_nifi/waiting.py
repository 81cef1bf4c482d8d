"""One way to wait: look again and again until something is there, for a limited time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar, overload

from dai_scoring.progress import Progress, silent

Found = TypeVar("Found")

PAUSE = 0.25
"""Seconds between two looks."""


@overload
def wait_until(
    look: Callable[[], Found | None],
    timeout: float,
    late: Callable[[], Exception],
    *,
    what: str = "",
    progress: Progress = silent,
    pause: float = PAUSE,
    busy: Callable[[], bool] = lambda: False,
) -> Found: ...


@overload
def wait_until(
    look: Callable[[], Found | None],
    timeout: float,
    late: None = None,
    *,
    what: str = "",
    progress: Progress = silent,
    pause: float = PAUSE,
    busy: Callable[[], bool] = lambda: False,
) -> Found | None: ...


def wait_until(
    look: Callable[[], Found | None],
    timeout: float,
    late: Callable[[], Exception] | None = None,
    *,
    what: str = "",
    progress: Progress = silent,
    pause: float = PAUSE,
    busy: Callable[[], bool] = lambda: False,
) -> Found | None:
    """Call ``look`` until it returns something other than None and False, and return that.

    Args:
        look: may raise, which ends the wait.
        timeout: seconds.
        late: makes the error to raise when the time is over; without it, the result is None then.
        what: what is waited for, given to ``progress`` before each pause.
        progress: see :mod:`dai_scoring.progress`.
        pause: seconds between two looks.
        busy: while it returns true, the time does not count: something runs whose duration is not known.

    """
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if busy():
            deadline = time.monotonic() + timeout
        if time.monotonic() > deadline:
            if late is None:
                return None
            raise late()
        if what:
            progress(what, None)
        time.sleep(pause)
