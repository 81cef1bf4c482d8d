"""Servers that others wrote: waiting until they answer, and ending them with all their processes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dai_nifi.errors import ToolError

_START_SECONDS = 120
_STOP_SECONDS = 20


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until an address answers; raises ToolError with the end of the log if the server does not start."""
    end = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    raise ToolError(f"{server.args} did not start:\n" + "\n".join(log.read_text().splitlines()[-15:]))


@contextmanager
def ended(server: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a server that leads a session of its own, and what is left of its processes."""
    try:
        yield
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(_STOP_SECONDS)
        # What is left of its workers, and itself where it waits for one that is gone.
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
