"""Threads that read ahead, write behind, and map a function over items: reading, scoring and writing overlap."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_END = object()
# One item waits while one is made: both sides stay busy and memory stays small.
_WAITING = 1


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


@contextmanager
def prefetch(source: Iterable[T]) -> Iterator[Iterator[T]]:
    """Run ``source`` in a thread and yield an iterator of its items, at most two ahead of the consumer.

    An exception in the source is raised at the consumer, after the items before it. Leaving the context
    stops the thread after the item that it is making, and waits for it.
    """
    items: queue.Queue[Any] = queue.Queue(_WAITING)
    stopped = threading.Event()

    def put(item: Any) -> bool:
        while not stopped.is_set():
            try:
                items.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in source:
                if not put(item):
                    return
            put(_END)
        except BaseException as error:  # noqa: BLE001 - handed over: it is raised in the consumer's thread
            put(_Failure(error))

    def consume() -> Iterator[T]:
        while (item := items.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item

    thread = threading.Thread(target=work, name="dai-scoring-read-ahead", daemon=True)
    thread.start()
    try:
        yield consume()
    finally:
        stopped.set()
        thread.join()


@contextmanager
def write_behind(sink: Callable[[T], None]) -> Iterator[Callable[[T], None]]:
    """Yield a function that hands items to ``sink``, which runs in a thread, at most two behind.

    An exception in the sink is raised by the next call, or on leaving the context; items after it are
    dropped. Leaving the context normally waits until all items are done; leaving it with an exception does
    not start another.
    """
    items: queue.Queue[Any] = queue.Queue(_WAITING)
    failures: list[BaseException] = []

    def work() -> None:
        while (item := items.get()) is not _END:
            if not failures:
                try:
                    sink(item)
                except BaseException as error:  # noqa: BLE001 - handed over: it is raised in the producer's thread
                    failures.append(error)

    def hand_over(item: T) -> None:
        if failures:
            raise failures[0]
        items.put(item)

    thread = threading.Thread(target=work, name="dai-scoring-write-behind", daemon=True)
    thread.start()
    try:
        yield hand_over
    except BaseException as error:
        failures.append(error)
        raise
    finally:
        items.put(_END)
        thread.join()
    if failures:
        raise failures[0]


def ordered_map(work: Callable[[T], R], items: Iterable[T], helpers: Executor, most: int) -> Generator[R, None, None]:
    """``work`` done on the items by helpers, up to ``most`` of them at once: the results, in the order of the items.

    An exception of the work is raised in place of its result, one of ``items`` after the results of the items before
    it. Closing this waits for what was begun.
    """
    begun: deque[Future[R]] = deque()
    failed: Exception | None = None
    try:
        source = iter(items)
        while True:
            try:
                item = next(source)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - raised below
                failed = error
                break
            begun.append(helpers.submit(work, item))
            if len(begun) == most:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
        if failed is not None:
            raise failed
    finally:
        for one in begun:
            one.cancel()
        wait(begun)


def parallel_map(work: Callable[[T], R], items: Sequence[T], helpers: Executor, most: int) -> list[R]:
    """``work`` done on each of the items, by the caller and by those of ``helpers`` that are free: ``most`` at once.

    The results are in the order of the items. After an exception no further item is begun, and it is raised when
    none is being worked on.
    """
    waiting = deque(enumerate(items))
    results: dict[int, R] = {}

    def go_on() -> None:
        while True:
            try:
                index, item = waiting.popleft()
            except IndexError:
                return
            try:
                results[index] = work(item)
            except BaseException:
                waiting.clear()
                raise

    begun = [helpers.submit(go_on) for _ in range(min(most, len(items)) - 1)]
    try:
        go_on()
    finally:
        wait([one for one in begun if not one.cancel()])
    for one in begun:
        if not one.cancelled():
            one.result()
    return [results[index] for index in range(len(items))]
