"""Runs several processes on one socket, starts dead ones again, and passes signals to all."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from typing import Any

from dai_routes.serve.answering import metrics, request_log
from dai_routes.serve.running.listening import take_no_more
from dai_routes.serve.running.process import ServingProcess
from dai_routes.serve.settings import ServerSettings
from dai_scoring.cli import collector, error_boundary
from dai_scoring.cli.errors import ToolError

logger = logging.getLogger(__name__)

_READY, _RELOAD = "ready", "reload"
_LONGEST_PAUSE = 30.0

# Processes are spawned, not forked: a fork would have the locks of this process's threads, but not the threads.
_processes = get_context("spawn")


@dataclass
class _Worker:
    place: int
    process: Any
    said: Connection
    is_ready: bool = False
    missed_reload: bool = False


class Supervisor:
    """Keeps ``settings.workers`` processes running."""

    def __init__(self, settings: ServerSettings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._numbers = _processes.RawArray("d", metrics.room(len(settings.models), settings.workers))
        self._workers: list[_Worker] = []
        self._ending = threading.Event()
        self._pause = 1.0

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT; ``ready`` is called once all processes accept requests.

        Raises ToolError if a process cannot start at the beginning.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end())
        signal.signal(signal.SIGHUP, lambda *_: self._tell(signal.SIGHUP))
        try:
            self._workers = [self._start(place) for place in range(self._settings.workers)]
            while not self._ending.is_set() and not all(one.is_ready for one in self._workers):
                self._wait(at_start=True)
            if not self._ending.is_set():
                ready()
            while self._workers:
                self._wait(at_start=False)
                if self._ending.is_set():
                    # Also to a process that was just starting when the signal came.
                    self._tell(signal.SIGTERM)
        finally:
            self._tell(signal.SIGTERM)
            for one in self._workers:
                one.process.join()

    def _start(self, place: int) -> _Worker:
        said, says = _processes.Pipe()
        process = _processes.Process(
            target=_work, args=(self._settings, self._listener, self._numbers, place, says), name=f"dai-serve-{place}"
        )
        process.start()
        says.close()
        return _Worker(place, process, said)

    def _wait(self, at_start: bool) -> None:
        """Wait until one of the processes sends a message, or ends."""
        by_pipe = {one.said: one for one in self._workers if not one.said.closed}
        by_end = {one.process.sentinel: one for one in self._workers}
        for found in connection.wait([*by_pipe, *by_end], timeout=1.0):
            if isinstance(found, Connection):
                self._hear(by_pipe[found])
            elif isinstance(found, int):
                self._ended(by_end[found], at_start)

    def _hear(self, worker: _Worker) -> None:
        try:
            what = worker.said.recv()
        except (EOFError, OSError):
            worker.said.close()
            return
        if isinstance(what, ToolError) and not any(one.is_ready for one in self._workers):
            raise what
        if what == _READY:
            worker.is_ready = True
            self._pause = 1.0
            if worker.missed_reload:
                self._send(worker, signal.SIGHUP)
        elif what == _RELOAD:
            self._tell(signal.SIGHUP)

    def _ended(self, worker: _Worker, at_start: bool) -> None:
        while not worker.said.closed:
            self._hear(worker)
        worker.process.join()
        self._workers.remove(worker)
        if self._ending.is_set():
            return
        if at_start and not worker.is_ready:
            raise ToolError(f"a process of the server ended with {worker.process.exitcode} while it started.")
        logger.error("process %d ended with %s and is started again", worker.place, worker.process.exitcode)
        if not worker.is_ready:
            # It cannot start now, perhaps because the model's file is just being written.
            self._ending.wait(self._pause)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        if not self._ending.is_set():
            self._workers.append(self._start(worker.place))

    def _end(self) -> None:
        self._ending.set()
        self._tell(signal.SIGTERM)
        closing = threading.Timer(self._settings.drain, take_no_more, (self._listener,))
        closing.daemon = True
        closing.start()

    def _tell(self, number: signal.Signals) -> None:
        for one in self._workers:
            if one.is_ready or number != signal.SIGHUP:
                self._send(one, number)
            else:
                # It may just load the file that was replaced.
                one.missed_reload = True

    def _send(self, worker: _Worker, number: signal.Signals) -> None:
        if worker.process.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.process.pid, number)


def _work(settings: ServerSettings, listener: socket.socket, numbers: Any, place: int, says: Connection) -> None:
    """Run one process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    request_log.set_up()
    try:
        with collector.paused():
            process = ServingProcess(settings, numbers, place, on_reload=lambda: says.send(_RELOAD))
    except Exception as error:  # noqa: BLE001 - sent to the process that started this one
        says.send(error_boundary.as_tool_error(error))
        raise SystemExit(1) from None
    threading.Thread(target=_end_with, args=(says,), daemon=True).start()
    try:
        process.serve(listener, lambda: says.send(_READY))
    finally:
        process.close()


def _end_with(supervisor: Connection) -> None:
    """End this process when the one that started it has ended."""
    with contextlib.suppress(EOFError, OSError):
        supervisor.recv()
    os.kill(os.getpid(), signal.SIGTERM)
