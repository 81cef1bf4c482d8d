"""Java in a Lambda function: starts it fast and within the function's memory, and ends it without a crash."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

_BESIDE = 400
_LEAST_HEAP = 128
_USUAL_MEMORY = 1024


def home(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The Java of the image; None to search for one."""
    named = environment.get("JAVA_HOME")
    return Path(named) if named else None


def options(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Options of Java, with a heap that leaves enough of the function's memory for everything else.

    A function lives for minutes and has one request at a time. So only Java's first compiler is used: it takes a third
    less processor time until the first score.
    """
    memory = int(environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or _USUAL_MEMORY)
    return f"-Xmx{max(_LEAST_HEAP, memory - _BESIDE)}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"


def end_on_sigterm(close: Callable[[], None]) -> None:
    """On SIGTERM, call ``close`` and end the process. Call this from the main thread, after Java was started.

    A thread waits for the signal: the main thread is in C code, waiting for the next event, and would not see it.
    Without a Python handler, the process would crash in Java.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def wait() -> None:
        while os.read(reading, 1)[0] != signal.SIGTERM:
            pass
        close()
        os._exit(0)  # Java's own shutdown would take longer than Lambda allows

    signal.signal(signal.SIGTERM, lambda number, frame: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=wait, name="dai-scoring-sigterm", daemon=True).start()
