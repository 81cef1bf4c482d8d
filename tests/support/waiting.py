"""Wait until something happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 300.0
"""Seconds after which a test takes it that something will never happen; a busy machine may need minutes for it.

It says nothing about how long a thing may take: a test that waits as long as this fails.
"""


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait so long at most; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def until(found: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait for something that is true, and return it; fail the test after so many seconds."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return value
