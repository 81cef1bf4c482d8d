"""Threads of Python that call Java are forgotten by Java when they end.

JPype attaches a thread to Java with its first call, and detaches none. Java keeps what is attached, with its own values
for each thread, until the process ends. The threads of a bridge or a server may come and go for months.
"""

from __future__ import annotations

import threading

from dai_scoring.runtimes.java import jvm


class _Attached:
    """Belongs to one thread, and goes when that ends."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._detach = jvm.java_class("java.lang.Thread").detach

    def __del__(self) -> None:
        # At the end of the process the main thread takes away what belongs to others.
        if threading.get_ident() == self._thread:
            self._detach()


class _Threads(threading.local):
    attached: _Attached | None = None


_threads = _Threads()


def forget_at_end() -> None:
    """Have Java forget this thread when it ends; to be called from each thread that calls Java and is not the last."""
    if _threads.attached is None and jvm.is_started() and threading.current_thread() is not threading.main_thread():
        _threads.attached = _Attached()
