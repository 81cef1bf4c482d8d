"""The component state of a processor in NiFi, one for each node, which REST clients can read."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from nifiapi.componentstate import Scope, StateException


class ComponentState:
    """The state of one processor on this node; each call replaces all of it."""

    def __init__(self, context: Any, logger: Any) -> None:
        self._manager = context.getStateManager()
        self._logger = logger
        self._lock = threading.Lock()

    def set(self, values: Mapping[str, str]) -> None:
        """Write these values. Scoring does not depend on them, so a failure is only logged."""
        with self._lock:
            try:
                self._manager.setState(dict(values), Scope.LOCAL)
            except StateException as error:
                self._logger.warn(f"The state of this processor cannot be written: {error.__cause__}")
