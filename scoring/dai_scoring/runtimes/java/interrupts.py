"""Holds ctrl-C back where it would leave JPype in pieces."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def held_back() -> Iterator[None]:
    """Raise KeyboardInterrupt only at the end, for a ctrl-C that comes in between.

    While JPype makes its classes for Java's, it calls Python. If an interrupt ends one of these calls, JPype never
    makes that class again, and later calls fail, or crash the process. Handlers that a program has set itself stay.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came: list[Any] = []
    signal.signal(signal.SIGINT, lambda *given: came.append(given))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if came:
            signal.default_int_handler(*came[0])
