"""Ctrl-C (SIGINT) and SIGTERM, with which CI ends a job: the command ends soon, with 130 or 143.

Normally a signal is a KeyboardInterrupt in the main thread, so that a command can undo what it has begun. Three things
stand in the way of that, and each is looked after here:

- Python raises it wherever the thread is. Within Condition's own ``with`` that is after its lock was taken and before
  anybody is there to give it back, so that the next to ask for it waits for ever: urllib3, when it puts a connection
  away after the interrupt. There it waits a moment; so it does where Python would drop it, as in a callback, and in
  functions that say so (:func:`holds`).
- Python raises it only between two of its own steps: not while Java loads a model, or the system looks up a name.
- Foreign code may drop it, or wait for a thread that does not end.

So a thread that learns of every signal at once ends the process where the command has not ended in time.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import IO, NoReturn, TypeVar, cast

from dai_scoring import leftovers
from dai_scoring.cli.errors import CancelledError

_Function = TypeVar("_Function", bound=Callable[..., object])

# The functions within which an interrupt waits.
_HOLDING = {threading.Condition.__enter__.__code__, threading.Condition.__exit__.__code__}
_AGAIN_SECONDS = 0.01
_LOOK_SECONDS = 0.1

PATIENCE_SECONDS = 4.0
"""A command has this long from the signal to its end. Time in which it ignores signals does not count."""

_SHOW_CURSOR = "\x1b[?25h"
_received = 0
_is_waiting = False
_stage = "loading"
_folders: set[Path] = set()
_cleaned: set[Path] = set()


def install_handlers() -> None:
    """From now on both signals end the command; a signal that is ignored, as in the background, stays ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)
    sys.unraisablehook = _dropped
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader,), name="dai-score-signals", daemon=True).start()


def begin_work() -> None:
    """From now on a signal is a KeyboardInterrupt. Before, it ends the process at once: nothing has begun."""
    global _stage
    _stage = "working"


def release() -> None:
    """From now on signals are the caller's, who sets handlers of its own: a server answers what has begun first."""
    signal.set_wakeup_fd(-1)
    signal.setitimer(signal.ITIMER_REAL, 0)


def holds(function: _Function) -> _Function:
    """A decorator of a function that an interrupt must not leave in the middle: it calls :func:`raise_waiting` last."""
    _HOLDING.add(cast(FunctionType, function).__code__)
    return function


def is_waiting() -> bool:
    """Whether an interrupt waits for the end of such a function."""
    return _is_waiting


def raise_waiting() -> None:
    """Raise the interrupt that waits, if one does."""
    global _is_waiting
    if _is_waiting:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _is_waiting = False
        raise KeyboardInterrupt


def finish() -> None:
    """Call this last. Once a signal has come it does not return: the process ends, without waiting for threads or Java.

    From now on a signal ends the process at once.
    """
    global _stage
    _stage = "done"
    if _received:
        end_now(128 + _received)


def end_now(code: int) -> NoReturn:
    """End the process, without waiting for threads or Java; its temporary folders are removed."""
    _remove_folders()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


@contextlib.contextmanager
def temporary_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """A folder that is removed afterwards, also if the process is ended in between.

    If it is killed, the next process that wants one in the same place removes it.
    """
    place = Path(parent or tempfile.gettempdir())
    # Once: a place may have many files.
    if place not in _cleaned:
        _cleaned.add(place)
        leftovers.remove(place, prefix)
    folder = place / f"{prefix}{secrets.token_hex(8)}"
    lock: IO[str] | None = None
    # An interrupt may come between any two of these lines: whatever is still noted is removed at the end.
    _folders.add(folder)
    try:
        folder.mkdir(mode=0o700)
        # Some file systems have no locks: there a killed process's folder stays.
        with contextlib.suppress(OSError):
            lock = leftovers.claimed(folder)
        yield folder
    finally:
        if lock is not None:
            lock.close()
        shutil.rmtree(folder, ignore_errors=True)
        _folders.discard(folder)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _received, _is_waiting
    if number != signal.SIGALRM:
        _received = number
    if _stage != "working":
        _end()
    # While a part of the command ignores both, a signal that came before waits until that part ends.
    _is_waiting = _is_within(frame, _HOLDING) or _are_ignored()
    if _is_waiting:
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
        return
    raise KeyboardInterrupt


def _is_within(frame: FrameType | None, codes: set[CodeType]) -> bool:
    """Whether one of these functions is being called; an earlier signal's handler may be between."""
    while frame is not None:
        if frame.f_code in codes:
            return True
        frame = frame.f_back
    return False


def _dropped(unraisable: sys.UnraisableHookArgs) -> None:
    """Python drops what a callback raises, and would print it: an interrupt is sent again instead."""
    if unraisable.exc_type is KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(unraisable)


_HOLDING.add(_dropped.__code__)


def _watch(reader: int) -> None:
    """End the process if it still runs too long after a signal."""
    global _received
    while (number := os.read(reader, 1)[0]) not in (signal.SIGINT, signal.SIGTERM):
        pass
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
        if _are_ignored():
            until = time.monotonic() + PATIENCE_SECONDS
    _received = _received or number
    _end()


def _are_ignored() -> bool:
    return signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def _remove_folders() -> None:
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


def _end() -> NoReturn:
    """End the process here, with a message if the command has not finished its output."""
    _remove_folders()
    if _stage != "done":
        error = CancelledError(
            "Interrupted before anything was done."
            if _stage == "loading"
            else "Interrupted. Run the same command again to go on."
        )
        # Not by print: the signal may have come within one.
        with contextlib.suppress(OSError):
            if "--json" in sys.argv:
                os.write(1, f"{error.as_json()}\n".encode())
            else:
                os.write(2, f"{_SHOW_CURSOR if os.isatty(2) else ''}Error: {error}\n".encode())
    os._exit(128 + _received)
