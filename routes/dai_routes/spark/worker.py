"""Code for Spark's Python workers: each loads the model once, and scores the Arrow batches that Spark sends."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.tables import TableScorer
from dai_scoring.errors import ModelError
from dai_scoring.models import Runtime, open_model
from dai_scoring.scorer import RuntimeSettings, Scorer

Batches = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Model:
    """A model for a worker: the name of a file that Spark sent, or a path on every machine."""

    path: str
    is_shipped: bool
    sha256: str
    runtime: Runtime
    settings: RuntimeSettings

    def file(self) -> Path:
        """The path on this machine."""
        if not self.is_shipped:
            return Path(self.path)
        from pyspark import SparkFiles

        return Path(SparkFiles.get(self.path))


_lock = threading.Lock()
_loaded: dict[tuple[str, Runtime], Scorer] = {}


def scorer_of(model: Model) -> Scorer:
    """The model. The first task of a worker loads it.

    It stays loaded for later queries, since Spark reuses its workers. The licence key comes from the worker's
    environment unless the settings have one, so it need not be sent.
    """
    key = (model.sha256, model.runtime)
    with _lock:
        if key not in _loaded:
            settings = model.settings
            if settings.licence_key is None:
                settings = replace(settings, licence_key=os.environ.get("DRIVERLESS_AI_LICENSE_KEY"))
            found = open_model(model.file(), model.runtime, settings)
            if found.info.sha256 != model.sha256:
                raise ModelError(f"{model.path} on {socket.gethostname()} is not the file that the driver has.")
            _loaded[key] = found
        return _loaded[key]


def worker_function(model: Model, options: FileOptions, names: Sequence[str], schema: pa.Schema) -> Batches:
    """The function that a worker applies to the batches of a partition, whose columns are ``names``, in this order.

    ``schema`` is that of the scored batches.
    """

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        table_scorer: TableScorer | None = None
        for batch in batches:
            # Only now: a partition without rows needs no model.
            table_scorer = table_scorer or TableScorer(scorer_of(model), options)
            found = table_scorer.score(pa.Table.from_arrays(batch.columns, names=names)).rows
            yield from found.cast(schema).combine_chunks().to_batches()

    return score
