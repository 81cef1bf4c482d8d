"""How two models differ: in their columns, and in their scores of the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring import formats
from dai_scoring.engine import ModelInfo, Scored
from dai_scoring.errors import ScoringError
from dai_scoring.options import MissingColumns
from dai_scoring.schema import Column
from dai_scoring.scorer import Scorer

_CHUNK_ROWS = 20_000
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True)
class ColumnChange:
    """A column that the other model has differently; ``breaks`` if records or readers of today would not do."""

    kind: str
    """input or output"""
    column: str
    change: str
    """added, removed or retyped"""
    old: str | None
    new: str | None
    breaks: bool


@dataclass(frozen=True)
class OutputDifference:
    """How far the numbers of one output are apart, over the rows that both models scored."""

    output: str
    mean: float
    greatest: float


@dataclass(frozen=True)
class Comparison:
    """The same rows scored by both models."""

    rows: int
    compared: int
    """Those that both scored."""
    rejected_by_old: int
    rejected_by_new: int
    outputs: list[OutputDifference]
    class_changed: int | None
    """In how many of the compared rows another class is predicted; None if the models predict no classes."""


def column_changes(old: ModelInfo, new: ModelInfo) -> list[ColumnChange]:
    """What differs in the columns, by name; their order says nothing."""
    return [*_changes("input", old.inputs, new.inputs), *_changes("output", old.outputs, new.outputs)]


def compare(old: Scorer, new: Scorer, rows: Path) -> Comparison:
    """Score a file of records with both models; raises what scoring raises, such as MissingColumnsError."""
    tally = _Tally(old.info, new.info)
    for table, how in _tables(rows):
        with _naming("present"):
            was = old.score(table, how)
        with _naming("new"):
            now = new.score(table, how)
        tally.add(table.num_rows, was, now)
    return tally.comparison()


@contextmanager
def _naming(which: str) -> Iterator[None]:
    """Let an error say which of the two models it is that does not score the records."""
    try:
        yield
    except ScoringError as error:
        error.problem = f"the {which} model: {error.problem}"
        raise


def _changes(kind: str, old: Sequence[Column], new: Sequence[Column]) -> Iterator[ColumnChange]:
    before, after = ({column.name: column.type for column in columns} for columns in (old, new))
    for name, was in before.items():
        now = after.get(name)
        if now is None:
            # Columns that a model does not ask for pass through, but somebody may wait for a prediction.
            yield ColumnChange(kind, name, "removed", was.value, None, kind == "output")
        elif now is not was:
            yield ColumnChange(kind, name, "retyped", was.value, now.value, not (was.is_number and now.is_number))
    for name, now in after.items():
        if name not in before:
            yield ColumnChange(kind, name, "added", None, now.value, True)


def _tables(rows: Path) -> Iterator[tuple[pa.Table, MissingColumns]]:
    """The well-formed records of a file, and how columns are taken that a chunk of them lacks."""
    with rows.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    reader = formats.open_reader(rows, formats.detect(head, None, rows.name), chunk_rows=_CHUNK_ROWS)
    try:
        for chunk in reader.chunks():
            table = chunk.table
            if chunk.malformed is not None:
                table = table.take(np.delete(np.arange(table.num_rows), chunk.malformed.column("row").to_numpy()))
            yield table, MissingColumns.AS_MISSING if reader.schema is None else MissingColumns.FAIL
    finally:
        reader.close()


class _Tally:
    """Adds up the differences, chunk by chunk."""

    def __init__(self, old: ModelInfo, new: ModelInfo) -> None:
        now = {column.name: column.type for column in new.outputs}
        both = [(column.name, column.type, now[column.name]) for column in old.outputs if column.name in now]
        self._numbers = [name for name, was, is_ in both if was.is_number and is_.is_number]
        self._labels = [name for name, was, is_ in both if not was.is_number and not is_.is_number]
        # Probabilities of classes, where no output names the class itself.
        self._likeliest = not self._labels and len(self._numbers) > 1 and len(both) == len(old.outputs) == len(now)
        self._sum = dict.fromkeys(self._numbers, 0.0)
        self._greatest = dict.fromkeys(self._numbers, 0.0)
        self._changed = 0
        self._rows = self._compared = self._by_old = self._by_new = 0

    def add(self, rows: int, old: Scored, new: Scored) -> None:
        """Take in a chunk."""
        by_old, by_new = (np.delete(np.arange(rows), one.rejects.column("row").to_numpy()) for one in (old, new))
        by_both = np.intersect1d(by_old, by_new, assume_unique=True)
        in_old, in_new = np.searchsorted(by_old, by_both), np.searchsorted(by_new, by_both)
        self._rows += rows
        self._compared += len(in_old)
        self._by_old += old.rejects.num_rows
        self._by_new += new.rejects.num_rows
        was, now = old.predictions.take(in_old), new.predictions.take(in_new)
        if not len(in_old):
            return
        for name in self._numbers:
            apart = np.abs(_numbers(was, name) - _numbers(now, name))
            self._sum[name] += float(apart.sum())
            self._greatest[name] = max(self._greatest[name], float(apart.max()))
        self._changed += int(self._other_class(was, now).sum())

    def comparison(self) -> Comparison:
        """What was added up."""
        outputs = [
            OutputDifference(name, self._sum[name] / max(self._compared, 1), self._greatest[name])
            for name in self._numbers
        ]
        changed = self._changed if self._labels or self._likeliest else None
        return Comparison(self._rows, self._compared, self._by_old, self._by_new, outputs, changed)

    def _other_class(self, was: pa.Table, now: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        other = np.zeros(was.num_rows, dtype=bool)
        for name in self._labels:
            same = pc.equal(was.column(name).cast(pa.string()), now.column(name).cast(pa.string()))
            other |= ~pc.fill_null(same, False).to_numpy()
        if self._likeliest:
            first, second = (
                np.argmax(np.stack([_numbers(table, name) for name in self._numbers]), axis=0) for table in (was, now)
            )
            other |= first != second
        return other


def _numbers(table: pa.Table, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values: np.ndarray[tuple[int], np.dtype[np.float64]] = table.column(name).cast(pa.float64()).to_numpy()
    return np.nan_to_num(values)
