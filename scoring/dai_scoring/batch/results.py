"""Predictions joined to the records they belong to, and rejected records with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.errors import MissingIdColumnsError, NameClashError
from dai_scoring.options import OutputColumns
from dai_scoring.schema import Column
from dai_scoring.values.model_rows import as_number_column

REJECT_COLUMNS = ("_reject_code", "_reject_column", "_reject_value")
"""Columns that a rejected record has after its own."""
REJECT_PREFIX = "_reject_"
"""What the names of these begin with."""

Rows = TypeVar("Rows", pa.Table, pa.Array)


def kept_columns(present: Sequence[str], output: OutputColumns, ids: Sequence[str], inputs: Sequence[str]) -> list[str]:
    """The input columns that a scored record keeps; MissingIdColumnsError where an id column is absent.

    ``inputs`` are the model's columns.
    """
    if output is OutputColumns.ALL:
        return list(present)
    if output is OutputColumns.PREDICTIONS:
        return []
    if absent := [name for name in ids if name not in set(present)]:
        raise MissingIdColumnsError(absent, present, inputs)
    return list(ids)


def named(predictions: pa.Table, kept: Sequence[str], prefix: str) -> pa.Table:
    """The predictions under their names in the output; NameClashError where a ``kept`` column has one of these."""
    return predictions.rename_columns(output_names(predictions.schema.names, kept, prefix))


def output_names(predictions: Sequence[str], kept: Sequence[str], prefix: str) -> list[str]:
    """The names that predictions have in the output.

    NameClashError where a ``kept`` column has one of these, or two predictions have the same.
    """
    names = [prefix + name for name in predictions]
    if len(set(names)) < len(names):
        raise NameClashError(
            sorted({name for name in names if names.count(name) > 1}),
            "the model gives several prediction columns with the name {names}, as where a class is called so.",
            ("Train it with other names of classes.",),
        )
    if clash := [name for name in names if name in set(kept)]:
        raise NameClashError(clash)
    return names


def without(rows: Rows, rejected: npt.NDArray[np.int64]) -> Rows:
    """The rows, or their texts, but for those that were rejected."""
    if not len(rejected):
        return rows
    return rows.filter(pa.array(~_are(rejected, len(rows))))


def _are(numbers: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.bool_]:
    """Which of ``count`` rows have one of these numbers."""
    found = np.zeros(count, dtype=bool)
    found[numbers] = True
    return found


def joined(
    table: pa.Table,
    predictions: pa.Table,
    rejected: npt.NDArray[np.int64],
    kept: Sequence[str],
    typed: Sequence[Column] = (),
) -> pa.Table:
    """The ``kept`` columns of the rows that were scored, followed by the predictions.

    ``rejected`` are the rows of ``table`` that have no prediction. Columns in ``typed`` are text that the
    output's format can hold as numbers: they are converted.
    """
    rows = without(table.select(list(kept)), rejected)
    present = set(kept)
    for column in typed:
        if column.name in present:
            index = rows.schema.get_field_index(column.name)
            rows = rows.set_column(index, column.name, as_number_column(rows.column(index), column))
    for name, values in zip(predictions.schema.names, predictions.columns, strict=True):
        rows = rows.append_column(name, values) if kept or rows.num_columns else pa.table({name: values})
    return rows


def in_place(predictions: pa.Table, rejects: pa.Table, count: int) -> pa.Table:
    """The predictions of ``count`` rows, null for those in ``rejects``, and :data:`REJECT_COLUMNS`.

    These are null for the rows that were scored. ``rejects`` are ordered by row. NameClashError where a prediction has
    one of these names.
    """
    output_names(REJECT_COLUMNS, predictions.schema.names, "")
    if rejects.num_rows:
        bad = _are(rejects.column("row").to_numpy(), count)
        whole = predictions.take(_places(~bad))
        why = reasons(rejects).take(_places(bad))
    else:
        whole = predictions
        why = pa.table([pa.nulls(count, pa.string())] * len(REJECT_COLUMNS), names=list(REJECT_COLUMNS))
    for name in REJECT_COLUMNS:
        whole = whole.append_column(name, why.column(name))
    return whole


def _places(are: npt.NDArray[np.bool_]) -> pa.Array:
    """For each row its number among those that are meant, null for the others."""
    return pa.array(np.cumsum(are) - 1, pa.int64(), mask=~are)


def only(rows: Rows, rejected: npt.NDArray[np.int64]) -> Rows:
    """The rows, or their texts, that were rejected."""
    # Arrow's take forgets how many rows a table without columns has.
    return rows.filter(pa.array(_are(rejected, len(rows))))


def reasons(rejects: pa.Table) -> pa.Table:
    """Why rows were rejected, as :data:`REJECT_COLUMNS`."""
    return rejects.select(["code", "column", "value"]).rename_columns(list(REJECT_COLUMNS))


def with_reasons(table: pa.Table, rejects: pa.Table) -> pa.Table:
    """The rejected rows of ``table``, untouched, with :data:`REJECT_COLUMNS` saying why; ``rejects`` ordered by row."""
    rows = only(table, rejects.column("row").to_numpy())
    why = reasons(rejects)
    for name in REJECT_COLUMNS:
        # A file that was rejected before, fixed and sent again has these columns already.
        if name in rows.schema.names:
            rows = rows.drop_columns([name])
        rows = rows.append_column(name, why.column(name))
    return rows
