"""Few rows, as Python's objects, written with what the model made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa

from dai_scoring.batch import results
from dai_scoring.batch.results import REJECT_COLUMNS, output_names
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.rows import Rows
from dai_scoring.values.rejected import REJECT_SCHEMA

# One for all: to make a table takes as long as to read a row.
_NO_REJECTS = REJECT_SCHEMA.empty_table()
_NAME_CLASH = Declined("a column has the name of a prediction")


@dataclass(frozen=True)
class JudgedRows:
    """Rows of one message, and which of them can be scored."""

    rows: Rows
    kept: Sequence[int]
    """The columns that the output has."""
    inputs: list[Sequence[Any] | pa.Array]
    """The values of each of the model's columns, of the rows that can be scored."""
    rejects: pa.Table = field(default_factory=lambda: _NO_REJECTS)
    """The other rows, as :data:`dai_scoring.values.rejected.REJECT_SCHEMA`."""

    @property
    def scored(self) -> int:
        """How many rows can be scored."""
        return self.rows.count - int(self.rejects.num_rows)


Written: TypeAlias = "tuple[bytes, bytes | None] | Declined"
"""The scored rows as the format's writer writes them, and the rejected ones if they are apart and there are any."""


def written_apart(request: JudgedRows, names: Sequence[str], predictions: Sequence[Sequence[Any]]) -> Written:
    """The scored rows, and the rejected ones."""
    rows = request.rows
    if not request.rejects.num_rows:
        written = _written(rows, request.kept, names, predictions)
        return written if isinstance(written, Declined) else (written, None)
    bad = request.rejects.column("row").to_pylist()
    left = set(bad)
    scored = _written(
        rows.take([row for row in range(rows.count) if row not in left]), request.kept, names, predictions
    )
    if isinstance(scored, Declined):
        return scored
    reasons = [column.to_pylist() for column in results.reasons(request.rejects).columns]
    return scored, rows.take(bad).extended(REJECT_COLUMNS, reasons)


def written_in_place(request: JudgedRows, names: Sequence[str], predictions: Sequence[Sequence[Any]]) -> Written:
    """All rows, each with its predictions or the reason for which it has none."""
    count = request.rows.count
    names = [*names, *output_names(REJECT_COLUMNS, names, "")]
    if not request.rejects.num_rows:
        written = _written(request.rows, request.kept, names, [*predictions, *[[None] * count] * len(REJECT_COLUMNS)])
        return written if isinstance(written, Declined) else (written, None)
    bad = request.rejects.column("row").to_pylist()
    left = set(bad)
    good = [row for row in range(count) if row not in left]
    reasons = [column.to_pylist() for column in results.reasons(request.rejects).columns]
    whole = [_placed(count, good, values) for values in predictions] + [_placed(count, bad, one) for one in reasons]
    written = _written(request.rows, request.kept, names, whole)
    return written if isinstance(written, Declined) else (written, None)


def _placed(count: int, places: Sequence[int], values: Sequence[Any]) -> list[Any]:
    """The values at their places among so many, None at the others."""
    found = [None] * count
    for place, value in zip(places, values, strict=True):
        found[place] = value
    return found


def _written(
    rows: Rows, kept: Sequence[int], names: Sequence[str], columns: Sequence[Sequence[Any]]
) -> bytes | Declined:
    own = [rows.names[index] for index in kept]
    if not set(own).isdisjoint(names):
        return _NAME_CLASH
    if len(own) == len(rows.names) and rows.names == tuple(own):
        return rows.extended(names, columns)
    return rows.written(kept, names, columns)
