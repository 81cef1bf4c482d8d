"""Chooses which of the model's columns are written and under which names, and adds a label by a threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.results import REJECT_COLUMNS, kept_columns
from dai_scoring.batch.tables import ScoredTable, TableScorer
from dai_scoring.cli.errors import NotFoundError, UsageError
from dai_scoring.engine import ModelInfo
from dai_scoring.errors import NameClashError

DEFAULT_LABEL = "label"
"""The name of the column with the label."""


@dataclass(frozen=True)
class Threshold:
    """Rows whose ``column`` is at least ``least`` have the first label, others the second, missing ones none."""

    column: str
    least: float
    name: str = DEFAULT_LABEL
    labels: tuple[str, str] | None = None
    """None means the classes of the model's two columns."""


@dataclass(frozen=True)
class Outputs:
    """``chosen`` are columns of the model with the names to write them under; () means all under their own names."""

    chosen: tuple[tuple[str, str], ...] = ()
    threshold: Threshold | None = None

    @classmethod
    def parse(cls, predictions: str, threshold: str | None, label: str | None, labels: str | None) -> Outputs:
        """Read the options ``--predictions``, ``--threshold``, ``--label`` and ``--labels``. Raises UsageError."""
        chosen = tuple(_renamed(word.strip()) for word in predictions.split(",") if word.strip())
        if twice := [name for name, count in Counter(new for _, new in chosen).items() if count > 1]:
            raise UsageError(f"--predictions gives several columns the name {twice[0]}: give each another.")
        if threshold is None:
            if label is not None or labels is not None:
                raise UsageError("--label and --labels belong to --threshold: give it, such as --threshold yes=0.4.")
            return cls(chosen)
        column, _, number = threshold.rpartition("=")
        try:
            least = float(number)
        except ValueError:
            least = float("nan")
        if not column or least != least:
            raise UsageError("--threshold is COLUMN=NUMBER, such as yes=0.4.")
        two = None if labels is None else tuple(word.strip() for word in labels.split(","))
        if two is not None and len(two) != 2:
            raise UsageError("--labels are two, separated by a comma: the one from the threshold on, and the other.")
        return cls(chosen, Threshold(column, least, label or DEFAULT_LABEL, two))


def _renamed(word: str) -> tuple[str, str]:
    name, _, new = word.partition("=")
    return name, new or name


class OutputScorer:
    """A :class:`~dai_scoring.batch.tables.TableScorer` whose results have the columns of :class:`Outputs`."""

    def __init__(self, scorer: TableScorer, outputs: Outputs, info: ModelInfo, options: FileOptions) -> None:
        """``options`` are those of ``scorer``."""
        self._scorer = scorer
        self._options = options
        self._prefix = options.prediction_prefix
        self._chosen = outputs.chosen
        threshold = outputs.threshold
        if threshold is not None and threshold.labels is None:
            threshold = replace(threshold, labels=_classes(threshold.column, info))
        self._threshold = threshold

    def check(self, schema: pa.Schema) -> tuple[pa.Schema, pa.Schema]:
        """See the base class; NotFoundError for a column that the model does not give."""
        scored, rejected = self._scorer.check(schema)
        return self._changed(scored.empty_table(), schema).schema, rejected

    def score(self, table: pa.Table, model_table: pa.Table | None = None) -> ScoredTable:
        """See the base class."""
        found = self._scorer.score(table, model_table)
        return replace(found, rows=self._changed(found.rows, table.schema))

    def _changed(self, rows: pa.Table, source: pa.Schema) -> pa.Table:
        if not self._chosen and self._threshold is None:
            return rows
        kept = kept_columns(source.names, self._options.output_columns, self._options.id_columns, ())
        given = [name for name in rows.schema.names if name not in kept and name not in REJECT_COLUMNS]
        columns = {name: rows.column(name) for name in rows.schema.names if name in kept}
        chosen = self._chosen or tuple((name.removeprefix(self._prefix),) * 2 for name in given)
        for name, new in chosen:
            _add(columns, self._prefix + new, rows.column(self._found(name, given)))
        if self._threshold is not None:
            values = rows.column(self._found(self._threshold.column, given))
            _add(columns, self._prefix + self._threshold.name, _labels(values, self._threshold))
        for name in REJECT_COLUMNS:
            if name in rows.schema.names and name not in columns:
                columns[name] = rows.column(name)
        fields = [
            rows.schema.field(name).with_type(values.type) if name in kept else pa.field(name, values.type)
            for name, values in columns.items()
        ]
        return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))

    def _found(self, name: str, given: Sequence[str]) -> str:
        if self._prefix + name not in given:
            listed = ", ".join(one.removeprefix(self._prefix) for one in given)
            raise NotFoundError(f"The model gives no column {name}. It gives: {listed}.")
        return self._prefix + name


def _add(columns: dict[str, pa.ChunkedArray], name: str, values: pa.ChunkedArray) -> None:
    if name in columns:
        raise NameClashError([name])
    columns[name] = values


def _labels(values: pa.ChunkedArray, threshold: Threshold) -> pa.ChunkedArray:
    assert threshold.labels is not None  # noqa: S101 - the constructor sees to it
    if not pa.types.is_floating(values.type) and not pa.types.is_integer(values.type):
        raise UsageError(f"--threshold needs a column of numbers, and {threshold.column} has none.")
    numbers = values.cast(pa.float64())
    known = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    yes, no = (pa.scalar(one, pa.string()) for one in threshold.labels)
    return pc.if_else(pc.greater_equal(known, threshold.least), yes, no)


def _classes(column: str, info: ModelInfo) -> tuple[str, str]:
    """The classes that the model's two columns of probabilities stand for, that of ``column`` first."""
    listed = ", ".join(one.name for one in info.outputs)
    if column not in (one.name for one in info.outputs):
        raise NotFoundError(f"The model gives no column {column}. It gives: {listed}.")
    numeric = [one.name for one in info.outputs if one.type.is_number]
    if column not in numeric or len(numeric) != 2:
        raise UsageError(
            f"--threshold {column} needs --labels, such as --labels yes,no: the model's columns are {listed}, and not "
            "two classes, of which this is one."
        )
    other = next(one for one in numeric if one != column)
    head, dot, last = column.rpartition(".")
    if dot and other.rpartition(".")[0] == head:
        return last, other.rpartition(".")[2]
    if column[:1] == other[:1] == "p" and column[1:].lstrip("-").isdigit() and other[1:].lstrip("-").isdigit():
        return column[1:], other[1:]
    return column, other
