"""Python's garbage collector in a process that loads code and models once and then works for long."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Collect nothing while something is loaded, and never again look at the objects that exist then.

    Nearly all of them stay, so the search for garbage would find nothing. In a server's start it takes a sixth of the
    processor time, since JPype starts it after each collection of Java. Only for who owns the process: the objects of
    all others are excluded too.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
