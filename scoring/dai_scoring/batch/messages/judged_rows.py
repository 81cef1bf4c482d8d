"""Few rows, as Python's objects, written with what the model made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa

from dai_scoring.batch import results
from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.formats.rows import Rows
from dai_scoring.values.rejected import REJECT_SCHEMA

# One for all: to make a table takes as long as to read a row.
_NO_REJECTS = REJECT_SCHEMA.empty_table()


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of messages are to a model: one for all messages that have the same columns."""

    kept: Sequence[int]
    """The columns that the output has."""
    is_whole: bool
    """Whether these are all of them, as they are."""
    places: Sequence[int | None]
    """Where each of the model's columns is; None for one that is absent."""


@dataclass(slots=True)
class JudgedRows:
    """Rows of one message, and which of them can be scored. It is not frozen, since one is made for each message."""

    rows: Rows
    layout: Layout
    rejects: pa.Table = field(default_factory=lambda: _NO_REJECTS)
    """The rows that cannot be scored, as :data:`dai_scoring.values.rejected.REJECT_SCHEMA`."""

    @property
    def scored(self) -> int:
        """How many rows can be scored."""
        return self.rows.count - self.rejected

    @property
    def rejected(self) -> int:
        """How many rows cannot."""
        return 0 if self.rejects is _NO_REJECTS else int(self.rejects.num_rows)


Write: TypeAlias = "Callable[[JudgedRows, Sequence[str], Sequence[Sequence[Any]]], tuple[bytes, bytes | None]]"
"""Writes the rows of a message with further columns, given as names and as rows of values for the scored rows.

It returns the scored rows as the format's writer writes them, and the rejected ones if they are apart and there are
any.
"""


def written_apart(
    request: JudgedRows, names: Sequence[str], predictions: Sequence[Sequence[Any]]
) -> tuple[bytes, bytes | None]:
    """The scored rows, and the rejected ones."""
    rows = request.rows
    if not request.rejected:
        return _written(rows, request.layout, names, predictions), None
    bad = request.rejects.column("row").to_pylist()
    left = set(bad)
    scored = _written(
        rows.take([row for row in range(rows.count) if row not in left]), request.layout, names, predictions
    )
    return scored, rows.take(bad).extended(REJECT_COLUMNS, _reasons(request))


def written_in_place(
    request: JudgedRows, names: Sequence[str], predictions: Sequence[Sequence[Any]]
) -> tuple[bytes, bytes | None]:
    """All rows, each with its predictions or the reason for which it has none. ``names`` ends with those of reasons."""
    no_reason = (None,) * len(REJECT_COLUMNS)
    whole: list[Sequence[Any]] = [(*row, *no_reason) for row in predictions]
    if request.rejected:
        no_scores = (None,) * (len(names) - len(REJECT_COLUMNS))
        # In ascending order, so that each is inserted behind all rows that are before it.
        for place, reason in zip(request.rejects.column("row").to_pylist(), _reasons(request), strict=True):
            whole.insert(place, (*no_scores, *reason))
    return _written(request.rows, request.layout, names, whole), None


def _reasons(request: JudgedRows) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in results.reasons(request.rejects).columns), strict=True))


def _written(rows: Rows, layout: Layout, names: Sequence[str], further: Sequence[Sequence[Any]]) -> bytes:
    return rows.extended(names, further) if layout.is_whole else rows.written(layout.kept, names, further)
