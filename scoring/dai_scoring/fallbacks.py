"""Logs errors of a quick way of scoring, after which a slower way scores the same rows."""

from __future__ import annotations

import logging
import threading

_logger = logging.getLogger(__name__)
_lock = threading.Lock()
_logged: set[str] = set()


def log_fallback(error: BaseException) -> None:
    """Log the first error of each type and place in this process, without its message: it may have values."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "unknown" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
    kind = f"{type(error).__module__}.{type(error).__qualname__} at {where}"
    with _lock:
        is_first = kind not in _logged
        _logged.add(kind)
    if is_first:
        _logger.warning("A quick way of scoring failed and a slower one is taken: %s. This is logged once.", kind)
