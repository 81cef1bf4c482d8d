"""Ends the process if a call of a broker's client does not return: no timeout of the client can be trusted for that."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dai_routes.stream.errors import StalledError


class Watchdog:
    """Watches the calls of one thread. A call may take ``seconds``; then the process ends with StalledError's code.

    Nothing was acknowledged then, so the broker delivers the messages again.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._call: tuple[float, str] | None = None
        threading.Thread(target=self._watch, name="dai-stream-watchdog", daemon=True).start()

    @contextmanager
    def over(self, doing: str) -> Iterator[None]:
        """Watch a call; ``doing`` completes "the broker's client hangs while ..."."""
        self._call = time.monotonic(), doing
        try:
            yield
        finally:
            self._call = None

    def _watch(self) -> None:
        while True:
            time.sleep(min(1.0, self._seconds / 4))
            call = self._call
            if call is not None and time.monotonic() - call[0] > self._seconds:
                print(
                    f"Error: the broker's client has hung for {self._seconds:g} s while {call[1]}. The worker ends "
                    f"with {StalledError.exit_code}: start it again. No message is lost.",
                    file=sys.stderr,
                    flush=True,
                )
                os._exit(StalledError.exit_code)
