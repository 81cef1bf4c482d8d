"""Bulletins about FlowFiles that fail: one for each reason, not for each FlowFile."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# NiFi shows a bulletin for five minutes, and five of them at a processor.
_PAUSE_SECONDS = 60.0
_MOST = 200
# Counts and places differ from FlowFile to FlowFile; a number within a name, as of a column, does not.
_NUMBER = re.compile(r"(?<![\w.])(?:0x[0-9A-F]{2}|\d+)(?!\w)")


@dataclass
class _Said:
    at: float
    further: int = 0


class Bulletins:
    """Writes why FlowFiles failed; safe for several threads.

    A reason that was shown less than a minute ago goes only to NiFi's log, also if its counts and places differ.
    Otherwise a thousand FlowFiles with the same mistake would hide every other bulletin. The next one says how many
    there were.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._said: dict[str, _Said] = {}

    def failed(self, logger: Any, name: str, code: str, message: str, *, by_client: bool = False) -> None:
        """Say that the FlowFile of this name goes to failure, and why.

        A client's mistake (``by_client``) is a warning: the client learns of it, and nothing is wrong here.
        """
        show = logger.warn if by_client else logger.error
        text = f"Cannot score {name}, which goes to failure as it came: {message} [{code}]"
        further = self._further(f"{code} {_NUMBER.sub('', message)}")
        if further is None:
            logger.info(text)
        elif further:
            show(f"{text} So did {further} other FlowFile(s) since this was last said; NiFi's log names them.")
        else:
            show(text)

    def waiting(self, logger: Any, code: str, message: str) -> None:
        """Say that FlowFiles wait in their queue, and why."""
        if self._further(f"waiting {code} {_NUMBER.sub('', message)}") is not None:
            logger.error(f"FlowFiles wait in their queue until the model can be loaded: {message} [{code}]")

    def _further(self, reason: str) -> int | None:
        """How many were not shown since this reason was last shown; None if that was just now."""
        now = self._clock()
        with self._lock:
            said = self._said.get(reason)
            if said is not None and now - said.at < _PAUSE_SECONDS:
                said.further += 1
                return None
            if len(self._said) >= _MOST:
                self._said.clear()
            self._said[reason] = _Said(now)
            return 0 if said is None else said.further
