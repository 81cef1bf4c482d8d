"""Ends the process if a call of a broker's client does not return: no timeout of the client can be trusted for that.

After a signal to end, that is soon.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dai_routes.stream.errors import StalledError, StoppedError
from dai_routes.stream.stop import Stop
from dai_scoring.cli import signals

_STOPPED_SECONDS = 8.0
"""How long a call may take once the worker shall end. Docker and others kill it 10 s after SIGTERM."""


class Watchdog:
    """Watches the calls of one thread. A call may take ``seconds``; then the process ends with StalledError's code.

    Once ``stop`` is set, a call has a few seconds, and then the process ends with the signal's code. Nothing was
    acknowledged then, so the broker delivers the messages again.
    """

    def __init__(self, seconds: float, stop: Stop) -> None:
        self._seconds = seconds
        self._stop = stop
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
            call, stopped = self._call, self._stop.since
            if call is None:
                continue
            now = time.monotonic()
            if stopped is not None and now - max(call[0], stopped) > _STOPPED_SECONDS:
                stopping = StoppedError(self._stop.exit_code)
                print(f"Error: {stopping}", file=sys.stderr, flush=True)
                signals.end_now(stopping.exit_code)
            if now - call[0] > self._seconds:
                print(
                    f"Error: the broker's client has hung for {self._seconds:g} s while {call[1]}. The worker ends "
                    f"with {StalledError.exit_code}: start it again. No message is lost.",
                    file=sys.stderr,
                    flush=True,
                )
                signals.end_now(StalledError.exit_code)
