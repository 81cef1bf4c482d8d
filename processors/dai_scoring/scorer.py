"""The contract that every runtime fulfils, and how a model file finds its runtime."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Protocol

import pyarrow as pa

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

    ``sha256`` is of the model file, in hex. ``created`` is None where the model does not say.
    """

    id: str
    path: Path
    kind: str
    runtime: str
    runtime_version: str
    sha256: str
    created: datetime | None
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    capabilities: frozenset[Capability] = field(default_factory=lambda: frozenset({Capability.SCORE}))


class MissingColumns(Enum):
    """What to do when a column of the model is absent from the records."""

    FAIL = "fail"
    AS_MISSING = "as-missing"


@dataclass(frozen=True)
class ScoreOptions:
    """What a caller may ask of one call of :meth:`Scorer.score`."""

    missing_columns: MissingColumns = MissingColumns.FAIL


REJECT_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("column", pa.string()),
        pa.field("value", pa.string()),
    ]
)
"""Rejected rows: ``row`` counts from 0 in the scored table; one entry a row, for its first bad column."""


@dataclass(frozen=True)
class Scored:
    """The outcome of scoring one table of n rows.

    ``predictions`` has one row for each scored row, in order, with the columns ``ModelInfo.outputs``;
    ``rejects`` has :data:`REJECT_SCHEMA`, ordered by row. Their lengths add up to n.
    """

    predictions: pa.Table
    rejects: pa.Table


class Scorer(Protocol):
    """A loaded model. Safe to use from several threads at once; closing twice is harmless."""

    @property
    def info(self) -> ModelInfo:
        """The loaded model's description."""
        ...

    def score(self, table: pa.Table, options: ScoreOptions = ...) -> Scored:
        """Score the rows of ``table``, columns found by name; raises InputError, rejects bad rows."""
        ...

    def close(self) -> None:
        """Let go of what the model holds. Later calls of score raise ModelError."""
        ...

    def __enter__(self) -> Scorer: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
