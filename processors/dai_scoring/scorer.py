"""The contract that every runtime fulfils, and :class:`Scorer`, the same for all of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Protocol

import pyarrow as pa

from dai_scoring import records
from dai_scoring.errors import ModelError
from dai_scoring.options import MissingColumns
from dai_scoring.schema import Column


class Capability(Enum):
    """What a model can be asked for, in the words of H2O's REST scorer."""

    SCORE = "SCORE"
    PREDICTION_INTERVAL = "SCORE_PREDICTION_INTERVAL"
    CONTRIBUTION_ORIGINAL = "CONTRIBUTION_ORIGINAL"
    CONTRIBUTION_TRANSFORMED = "CONTRIBUTION_TRANSFORMED"


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a loaded model.

    ``sha256`` is of the model file, in hex. ``created`` is None where the model does not say. ``kind`` is
    one of :class:`dai_scoring.model_file.Kind`'s values, ``runtime`` the library that scores it.
    """

    id: str
    kind: str
    runtime: str
    runtime_version: str
    sha256: str
    created: datetime | None
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    capabilities: frozenset[Capability] = field(default_factory=lambda: frozenset({Capability.SCORE}))


class Engine(Protocol):
    """What a runtime module provides: a loaded model that scores whole columns."""

    @property
    def info(self) -> ModelInfo:
        """The loaded model's description."""
        ...

    def predict(self, columns: Sequence[pa.Array], rows: int) -> pa.Table:
        """Score ``rows`` rows, given as one array for each of ``info.inputs``, of its type, null where missing.

        Returns one row each, with the columns ``info.outputs``. Called from several threads at once.
        """
        ...

    def parse_time(self, column: str, text: str) -> int | None:
        """Milliseconds since 1970 UTC for a text that is not ISO 8601, where the model knows its form."""
        ...

    def close(self) -> None:
        """Let go of the model."""
        ...


@dataclass(frozen=True)
class Scored:
    """The outcome of scoring one table of n rows.

    ``predictions`` has one row for each scored row, in order, with the columns ``ModelInfo.outputs``;
    ``rejects`` has :data:`dai_scoring.records.REJECT_SCHEMA`, ordered by row. Their lengths add up to n.
    """

    predictions: pa.Table
    rejects: pa.Table


class Scorer:
    """A loaded model. Safe to use from several threads at once; closing twice is harmless."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = False
        self._idle = threading.Condition()
        self._busy = 0

    @property
    def info(self) -> ModelInfo:
        """The loaded model's description."""
        return self._engine.info

    def score(self, table: pa.Table, missing_columns: MissingColumns = MissingColumns.FAIL) -> Scored:
        """Score the rows of ``table``, its columns found by name, other columns ignored.

        Raises MissingColumnsError where columns of the model are absent and ``missing_columns`` does not
        allow it; a row with a value that its column cannot hold is rejected, the others are scored.
        """
        with self._idle:
            if self._closed:
                raise ModelError("the model was closed")
            self._busy += 1
        try:
            rows = records.to_model_rows(table, self.info.inputs, missing_columns, self._engine.parse_time)
            return Scored(self._engine.predict(rows.columns, rows.count), rows.rejects)
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def close(self) -> None:
        """Wait for calls that score, then let go of the model. Later calls of score raise ModelError."""
        with self._idle:
            if self._closed:
                return
            self._closed = True
            self._idle.wait_for(lambda: self._busy == 0)
        self._engine.close()

    def __enter__(self) -> Scorer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True)
class RuntimeSettings:
    """What loading a model may need beside its file.

    ``jar_folders`` hold the folders ``open`` and ``mojo2`` that the tool resolves from Maven Central;
    ``mojo_runtime`` is a folder of the user's own with the jars of Driverless AI's MOJO runtime.
    """

    licence_key: str | None = field(default=None, repr=False)
    licence_file: Path | None = None
    jvm_options: tuple[str, ...] = ()
    java_home: Path | None = None
    mojo_runtime: Path | None = None
    jar_folders: tuple[Path, ...] = ()
