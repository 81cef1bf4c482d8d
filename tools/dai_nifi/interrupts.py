"""Ctrl-C, and the signal that ends a job of CI: KeyboardInterrupt in the main thread, but not amid taking a lock.

Python raises it wherever the thread is. Within Condition's own ``with`` that is after its lock was taken and before
anybody is there to give it back, so that the next to ask for it waits for ever: urllib3, when it puts a connection away
after the interrupt.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

_TAKING = frozenset({threading.Condition.__enter__.__code__, threading.Condition.__exit__.__code__})
_AGAIN_SECONDS = 0.01


def hear() -> None:
    """From now on both signals interrupt the command; one that is ignored, as in the background, stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    is_taking = frame is not None and frame.f_code in _TAKING
    # Where a part of the command ignores both for a while, one that came before waits for its end.
    if is_taking or signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
        return
    raise KeyboardInterrupt
