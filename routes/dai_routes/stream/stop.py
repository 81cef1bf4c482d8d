"""Whether the worker shall end: what a signal sets, and what waits for a broker asks."""

from __future__ import annotations

import os
import signal
import threading
import time

from dai_routes.stream.errors import StoppedError

_LOOK_SECONDS = 0.1


class Stop:
    """Set once, by a signal. It has no lock, so it may be set and asked anywhere."""

    def __init__(self) -> None:
        self.since: float | None = None
        """When it was set, by time.monotonic()."""
        self._number = signal.SIGTERM

    def set(self, number: int = signal.SIGTERM) -> None:
        """Ask the worker to end, as the signal of that number does."""
        self._number = signal.Signals(number)
        self.since = self.since or time.monotonic()

    def is_set(self) -> bool:
        """Whether the worker shall end."""
        return self.since is not None

    @property
    def exit_code(self) -> int:
        """That of a process which the signal ends."""
        return 128 + self._number

    def check(self) -> None:
        """Raise StoppedError if the worker shall end: to be called where the broker is away, or takes nothing."""
        if self.is_set():
            raise StoppedError(self.exit_code)

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the worker shall end; whether it shall."""
        end = time.monotonic() + seconds
        while not self.is_set() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
        return self.is_set()

    def pause(self, seconds: float) -> None:
        """Wait before the broker is tried again. Raises StoppedError as soon as the worker shall end."""
        self.wait(seconds)
        self.check()

    def set_by_signals(self) -> None:
        """From now on SIGTERM and ctrl-C set it, at once, also while the main thread is in a client's own code."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            # Python writes a signal's number into the pipe only if it has a handler.
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        threading.Thread(target=self._listen, args=(reader,), name="dai-stream-signals", daemon=True).start()

    def _listen(self, reader: int) -> None:
        while True:
            number = os.read(reader, 1)[0]
            if number in (signal.SIGTERM, signal.SIGINT):
                self.set(number)
