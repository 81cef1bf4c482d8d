"""Stages in threads: order, errors on either side, and no thread left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dai_scoring.batch.threads import parallel_map, prefetch, write_behind
from tests.support.waiting import PATIENCE


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    assert not [t for t in threading.enumerate() if t.name in ("dai-scoring-read-ahead", "dai-scoring-write-behind")]


def test_items_come_in_order_and_the_source_runs_elsewhere() -> None:
    threads = set()

    def source() -> Iterator[int]:
        for i in range(100):
            threads.add(threading.current_thread())
            yield i

    with prefetch(source()) as items:
        assert list(items) == list(range(100))
    assert threading.current_thread() not in threads


def test_an_error_of_the_source_comes_after_its_items() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with prefetch(source()) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="broken"):
            next(items)


def test_leaving_early_stops_the_source() -> None:
    made = []

    def source() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i

    with prefetch(source()) as items:
        assert next(items) == 0
    assert len(made) < 10


def test_behind_does_everything_before_it_ends() -> None:
    done: list[int] = []
    with write_behind(done.append) as put:
        for i in range(100):
            put(i)
    assert done == list(range(100))


def test_an_error_of_the_sink_reaches_the_producer() -> None:
    def sink(item: int) -> None:
        raise OSError(f"no space for {item}")

    def produce() -> None:
        with write_behind(sink) as put:
            for i in range(100):
                put(i)

    with pytest.raises(OSError, match="no space for 0"):
        produce()


def test_an_error_of_the_producer_drops_what_waits() -> None:
    done: list[int] = []

    def produce() -> None:
        with write_behind(done.append) as put:
            put(1)
            raise KeyError("bad")

    with pytest.raises(KeyError):
        produce()
    assert done in ([], [1])


@pytest.mark.parametrize("most", [2, 3])
def test_threads_share_items_and_the_results_are_in_their_order(most: int) -> None:
    all_of_them = threading.Barrier(most)
    threads = set()

    def work(item: int) -> int:
        if item < most:
            all_of_them.wait(PATIENCE)
        threads.add(threading.current_thread())
        return item * item

    with ThreadPoolExecutor(4) as helpers:
        assert parallel_map(work, range(50), helpers, most) == [i * i for i in range(50)]
    assert len(threads) == most
    assert threading.current_thread() in threads


def test_the_caller_does_all_where_no_helper_is_free() -> None:
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as helpers:
        helpers.submit(go_on.wait)
        threads = parallel_map(lambda item: threading.current_thread(), range(3), helpers, 2)
        go_on.set()
    assert set(threads) == {threading.current_thread()}


@pytest.mark.parametrize("bad", [0, 1])
def test_an_error_beside_is_raised_and_ends_the_others(bad: int) -> None:
    both = threading.Barrier(2)
    done = []

    def work(item: int) -> None:
        if item < 2:
            both.wait(PATIENCE)
        if item == bad:
            raise ValueError("no")
        # All of them would take minutes: the other thread need not be quick to end this one.
        time.sleep(0.001)
        done.append(item)

    with ThreadPoolExecutor(1) as helpers, pytest.raises(ValueError, match="no"):
        parallel_map(work, range(100_000), helpers, 2)
    assert len(done) < 99_999
