"""Stages in threads: order, errors on either side, and no thread left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dai_scoring.relay import ahead, behind


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    assert not [t for t in threading.enumerate() if t.name in ("dai-scoring-ahead", "dai-scoring-behind")]


def test_items_come_in_order_and_the_source_runs_elsewhere() -> None:
    threads = set()

    def source() -> Iterator[int]:
        for i in range(100):
            threads.add(threading.current_thread())
            yield i

    with ahead(source()) as items:
        assert list(items) == list(range(100))
    assert threading.current_thread() not in threads


def test_an_error_of_the_source_comes_after_its_items() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with ahead(source()) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="broken"):
            next(items)


def test_leaving_early_stops_the_source() -> None:
    made = []

    def source() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i

    with ahead(source()) as items:
        assert next(items) == 0
    assert len(made) < 10


def test_behind_does_everything_before_it_ends() -> None:
    done: list[int] = []
    with behind(done.append) as put:
        for i in range(100):
            put(i)
    assert done == list(range(100))


def test_an_error_of_the_sink_reaches_the_producer() -> None:
    def sink(item: int) -> None:
        raise OSError(f"no space for {item}")

    def produce() -> None:
        with behind(sink) as put:
            for i in range(100):
                put(i)

    with pytest.raises(OSError, match="no space for 0"):
        produce()


def test_an_error_of_the_producer_drops_what_waits() -> None:
    done: list[int] = []

    def produce() -> None:
        with behind(done.append) as put:
            put(1)
            raise KeyError("bad")

    with pytest.raises(KeyError):
        produce()
    assert done in ([], [1])
