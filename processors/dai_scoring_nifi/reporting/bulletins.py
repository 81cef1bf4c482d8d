"""Bulletins about FlowFiles that fail: one for each reason, not one for each FlowFile."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dai_nifi_protocol import CANNOT_SCORE

# NiFi shows five bulletins of a processor, each for five minutes.
_PAUSE_SECONDS = 60.0
_MAX_REASONS = 200
# Counts and places differ between FlowFiles with the same mistake; a number in the name of a column does not.
_NUMBER = re.compile(r"(?<![\w.])(?:0x[0-9A-F]{2}|\d+)(?!\w)")


@dataclass
class _Shown:
    time: float
    repeated: int = 0


class Bulletins:
    """Reports why FlowFiles failed; safe for several threads.

    A reason that was shown less than a minute ago goes only to NiFi's log, even if its counts and places differ.
    Otherwise a thousand FlowFiles with the same mistake would hide every other bulletin. The next bulletin says how
    many there were.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._shown: dict[str, _Shown] = {}

    def failed(self, logger: Any, name: str, code: str, message: str, *, by_client: bool = False) -> None:
        """Report that the FlowFile with this name goes to failure, and why.

        A client's mistake (``by_client``) is only a warning: the client gets the reason, and nothing is wrong here.
        """
        show = logger.warn if by_client else logger.error
        text = f"{CANNOT_SCORE}{name}, which goes to failure as it came: {message} [{code}]"
        repeated = self._repeated(f"{code} {_NUMBER.sub('', message)}")
        if repeated is None:
            logger.info(text)
        elif repeated:
            show(f"{text} So did {repeated} other FlowFile(s) since this was last shown; NiFi's log names them.")
        else:
            show(text)

    def waiting(self, logger: Any, code: str, message: str) -> None:
        """Report that FlowFiles wait in their queue, and why."""
        if self._repeated(f"waiting {code} {_NUMBER.sub('', message)}") is not None:
            logger.error(f"FlowFiles wait in their queue until the model can be loaded: {message} [{code}]")

    def _repeated(self, reason: str) -> int | None:
        """How often the reason occurred since it was last shown; None if that was less than a minute ago."""
        now = self._clock()
        with self._lock:
            shown = self._shown.get(reason)
            if shown is not None and now - shown.time < _PAUSE_SECONDS:
                shown.repeated += 1
                return None
            if len(self._shown) >= _MAX_REASONS:
                self._shown.clear()
            self._shown[reason] = _Shown(now)
            return 0 if shown is None else shown.repeated
