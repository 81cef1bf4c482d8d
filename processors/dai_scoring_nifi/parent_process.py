"""The end of NiFi's Python process: NiFi does not see to it when NiFi itself is killed."""

from __future__ import annotations

import os
import threading
import time

_LOOK_SECONDS = 1.0
_lock = threading.Lock()
_watched = False


def exit_with_parent() -> None:
    """End this process soon after the one that started it is gone; said once, it holds for the whole process.

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
    # Without another word: there is nobody to hear it, and other threads may wait for NiFi for ever.
    os._exit(0)
