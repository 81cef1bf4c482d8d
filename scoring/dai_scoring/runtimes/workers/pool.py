"""Workers of one model: started when they are needed, replaced when they die."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from dai_scoring.errors import ModelError, WorkerFailedError
from dai_scoring.runtimes.workers import wire
from dai_scoring.runtimes.workers.process import Worker, WorkerDied

# A batch that kills its worker will do so again; once more, since the worker may have died of something else. The
# second try has a worker of its own: what ended the first may have ended all that were there.
_TRIES = 2


class Pool:
    """Up to ``size`` workers. Safe for several threads; each call has a worker to itself.

    ``start`` makes a worker that is ready, or raises ModelError; ``advice`` says what to do about rows that workers
    die of.
    """

    def __init__(self, start: Callable[[], Worker], size: int, timeout: float, advice: Sequence[str]) -> None:
        self._start = start
        self._advice = advice
        self._timeout = timeout
        self._free = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._closed = False

    def add(self, worker: Worker) -> None:
        """Give the pool a worker that was started already."""
        with self._lock:
            self._idle.append(worker)

    def ask(self, request: bytes) -> wire.WorkerReply:
        """Send a request to a worker; raises WorkerFailedError when one after another dies of it."""
        with self._free:
            reasons = []
            for number in range(_TRIES):
                worker = self._take(anew=number > 0)
                try:
                    answer = worker.ask(request, self._timeout)
                except WorkerDied as error:
                    reasons.append(str(error))
                    self._drop(worker)
                except BaseException:
                    self._drop(worker)
                    raise
                else:
                    self._give_back(worker)
                    return answer
            again = "" if len(set(reasons)) == 1 else f", which {reasons[-1]}"
            raise WorkerFailedError(
                f"the worker process {reasons[0]}; so did the next one{again}.",
                advice=(*self._advice, "Other input is scored by new workers."),
            )

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            self._closed = True
            workers = [*self._idle, *self._busy]
            self._idle.clear()
        for worker in workers:
            worker.end()

    def _take(self, *, anew: bool) -> Worker:
        with self._lock:
            if self._closed:
                raise ModelError("the model was closed")
            worker = self._idle.pop() if self._idle else None
        if worker is not None and anew:
            worker.end()
            worker = None
        if worker is None:
            worker = self._start()
        with self._lock:
            self._busy.add(worker)
        return worker

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            if not self._closed:
                self._idle.append(worker)

    def _drop(self, worker: Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
        worker.end()
