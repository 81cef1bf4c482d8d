"""Ends the Python process when NiFi is gone. NiFi ends it when it stops, but cannot when it is killed."""

from __future__ import annotations

import os
import threading
import time

_CHECK_SECONDS = 1.0
_lock = threading.Lock()
_watched = False


def exit_with_parent() -> None:
    """End this process soon after its parent has ended; later calls in the same process do nothing.

    Otherwise it would stay for ever after a NiFi that was killed, with its models and its workers.
    """
    global _watched
    with _lock:
        if not _watched:
            _watched = True
            threading.Thread(target=_watch, args=(os.getppid(),), name="dai-scoring-parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_CHECK_SECONDS)
    # Immediately: nobody reads the log any more, and other threads may wait for NiFi for ever.
    os._exit(0)
