"""Ends NiFi's Python process when NiFi is gone: if NiFi itself is killed, it does not end the process."""

from __future__ import annotations

import os
import threading
import time

_LOOK_SECONDS = 1.0
_lock = threading.Lock()
_watched = False


def exit_with_parent() -> None:
    """End this process soon after its parent is gone; one call is enough for the whole process.

    Otherwise it would stay for ever, with its models and its workers, after a NiFi that was killed.
    """
    global _watched
    with _lock:
        if not _watched:
            _watched = True
            threading.Thread(target=_watch, args=(os.getppid(),), name="dai-scoring-parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    # At once: nobody reads the log any more, and other threads may wait for NiFi for ever.
    os._exit(0)
