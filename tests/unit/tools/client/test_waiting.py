"""The one way to wait."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from dai_nifi.waiting import wait_until


def looks(*answers: object) -> Iterator[object]:
    yield from answers


def test_it_returns_the_first_answer_that_is_not_none_or_false() -> None:
    answers = looks(None, False, 0, "later")
    steps: list[str] = []
    found = wait_until(
        lambda: next(answers), 5, what="waiting", progress=lambda what, share=None: steps.append(what), pause=0
    )
    assert (found, steps) == (0, ["waiting", "waiting"])


def test_what_is_late_is_an_error_or_none() -> None:
    with pytest.raises(TimeoutError, match="too late"):
        wait_until(lambda: None, 0.02, lambda: TimeoutError("too late"), pause=0.005)
    began = time.monotonic()
    assert wait_until(lambda: None, 0.02, pause=0.005) is None
    assert time.monotonic() - began >= 0.02


def test_the_time_while_something_goes_on_does_not_count() -> None:
    busy = looks(*[True] * 20, *[False] * 1000)
    count = 0

    def look() -> None:
        nonlocal count
        count += 1

    assert wait_until(look, 0.05, pause=0.01, busy=lambda: bool(next(busy))) is None
    assert count > 20
