"""Counts and logs errors of a quick way of scoring, after which a slower way scores the same rows."""

from __future__ import annotations

import logging
import threading
from collections import Counter

_logger = logging.getLogger(__name__)
_lock = threading.Lock()
_counts: Counter[str] = Counter()


def count_fallback(error: BaseException) -> None:
    """Count an error by its type and place, and log the first of its kind, without its message: it may have values."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "unknown" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
    kind = f"{type(error).__module__}.{type(error).__qualname__} at {where}"
    with _lock:
        _counts[kind] += 1
        is_first = _counts[kind] == 1
    if is_first:
        _logger.warning("A quick way of scoring failed and a slower one is taken: %s. This is logged once.", kind)


def counts() -> dict[str, int]:
    """How often each kind of error led to a slower way in this process."""
    with _lock:
        return dict(_counts)
