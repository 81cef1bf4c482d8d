"""Remembers what was prepared to score frames: a stream asks for the same in each of its batches."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from dai_routes.spark import shipping

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Scoring: TypeAlias = "Callable[[DataFrame], DataFrame]"
"""Adds scores to frames that have the same columns."""

_KEPT = 16
_lock = threading.Lock()
_known: OrderedDict[Hashable, Scoring] = OrderedDict()


def prepared(df: DataFrame, model: Path, options: Hashable, prepare: Callable[[], Scoring]) -> Scoring:
    """What ``prepare`` returns; it is not called again for the same application, columns, options and model file."""
    try:
        hash(options)
    except TypeError:  # Lists in settings that should be tuples.
        return prepare()
    file = model.stat() if model.is_file() else None
    state = (file.st_mtime_ns, file.st_size, file.st_ino) if file else None
    key = (_application(df.sparkSession), str(model), state, df.schema.json(), options)
    with _lock:
        if key not in _known:
            _known[key] = prepare()
            while len(_known) > _KEPT:
                _known.popitem(last=False)
        _known.move_to_end(key)
        return _known[key]


def _application(session: SparkSession) -> str:
    return str(session.session_id if shipping.is_remote(session) else session.sparkContext.applicationId)
