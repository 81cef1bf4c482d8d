"""Starts the helper's guard, which sees in NiFi's virtual machine when the Python process of a processor ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from dai_nifi_protocol import not_scoring
from dai_scoring_nifi.bridge import java_helper

_CLASS = "daiscoring.nifi.Guard"
_MESSAGE = (
    "The Python process of this processor ended; where memory is short, the system ends it. NiFi starts it "
    "again. FlowFiles wait in their queue meanwhile, and those that were being scored are scored again."
)


class ProcessGuard:
    """The guard of one processor while it runs; see ``Guard.java``."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._java: Any = None

    def watch(self, context: Any) -> None:
        """Start the guard, unless it has been started. If this NiFi does not allow it, that is only logged."""
        if self._java is not None:
            return
        try:
            java_context = context.java_context
            guard = java_helper.load(_CLASS, java_context.getClass().getClassLoader())
            lines = [text for pair in not_scoring("its Python process is being restarted").items() for text in pair]
            guard.watch(java_context, os.getpid(), _MESSAGE, "\n".join(lines))
        except Exception as error:  # noqa: BLE001 - py4j raises Java's errors as several types
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            self._log(f"This NiFi does not let the end of the Python process be watched: {first}")
        else:
            self._java = guard

    def release(self) -> None:
        """Stop the guard: the processor stops, or is started again."""
        if self._java is not None:
            self._java.release()
            self._java = None
