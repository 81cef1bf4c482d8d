"""Records as a model's inputs: columns found by name, values read as the column's type, bad rows named.

A value that is null, or one of the column's missing literals in text, is missing. A value that cannot become
the column's type rejects its row, with one of these codes:

================== =====================================================================
 code               the value
================== =====================================================================
 not_a_number       text that is no number, in a column of numbers
 not_an_integer     a number with a fraction, in a column of integers
 out_of_range       a number that the column's type does not hold, the model's or that of the file
 not_a_boolean      neither true nor false, 1 nor 0
 not_a_date         text that is no ISO 8601 date or time, a number that is no time in milliseconds, or a boolean
 not_text           bytes that are not UTF-8
 nested             a list, map or record where one value belongs
 missing_value      none, in a column without which the model cannot score, such as an offset
 wrong_type         a type that the column's type has no form for, such as a time in a number
================== =====================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.errors import ContentError, MissingColumnsError
from dai_scoring.formats import nested
from dai_scoring.formats.base import MIXED, is_json_text
from dai_scoring.formats.text import bytes_of, cells, is_binary
from dai_scoring.options import MissingColumns
from dai_scoring.schema import Column, ColumnType
from dai_scoring.values import coerce
from dai_scoring.values.rejected import REJECT_SCHEMA, RejectedValues

TimeParser = Callable[[str, str], "int | None"]
"""Reads a text of a named column as a time in a form of the model's own; None where it cannot."""

_VALUE_SHOWN = 200


@dataclass(frozen=True)
class ModelRows:
    """The rows that can be scored, column by column in the model's order, and those that cannot."""

    columns: list[pa.Array]
    """One array a model column, of ``Column.type.arrow``, nulls where missing; all of the same length."""
    rejects: pa.Table
    """:data:`REJECT_SCHEMA`, rows numbered in the given table."""
    count: int


def to_model_rows(
    table: pa.Table,
    wanted: Sequence[Column],
    missing_columns: MissingColumns = MissingColumns.FAIL,
    parse_time: TimeParser | None = None,
) -> ModelRows:
    """Find the columns of a model in ``table`` and read their values.

    Raises MissingColumnsError, naming every absent column, unless they are to be treated as missing values, and
    ContentError if two columns have the name of one of the model.
    """
    # Once: Arrow makes this list anew each time, and there may be hundreds of columns.
    names = table.schema.names
    present = set(names)
    if len(present) < len(names):
        of_model = {column.name for column in wanted}
        check_distinct([name for name in names if name in of_model])
    check_columns(names, wanted, missing_columns)
    rows = table.num_rows
    arrays: list[pa.Array] = []
    first_bad: npt.NDArray[np.int32] | None = None
    rejected: list[RejectedValues] = []
    for column in wanted:
        if column.name in present:
            values = one_chunk(nested.plain_column(table.column(column.name)))
        elif column.required:
            values = pa.nulls(rows)
        else:
            arrays.append(pa.nulls(rows, column.type.arrow))
            continue
        array, one = coerce.coerce(values, column, parse_time)
        arrays.append(array)
        if one is not None:
            rejected.append(one)
            if first_bad is None:
                first_bad = np.full(rows, -1, dtype=np.int32)
            first_bad[(first_bad < 0) & one.bad] = len(rejected) - 1
    if first_bad is None:
        return ModelRows(arrays, REJECT_SCHEMA.empty_table(), rows)
    bad_rows = np.flatnonzero(first_bad >= 0)
    keep = pa.array(first_bad < 0)
    return ModelRows(
        [array.filter(keep) for array in arrays],
        _rejects(bad_rows, first_bad[bad_rows], rejected),
        rows - len(bad_rows),
    )


def check_distinct(names: Sequence[str]) -> None:
    """Raise ContentError if a name comes twice: columns are found by their names."""
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ContentError(f"{names.count(twice)} columns have the name {twice}. Give each a name of its own.")


def check_columns(present: Sequence[str], wanted: Sequence[Column], missing_columns: MissingColumns) -> None:
    """Raise MissingColumnsError where the options do not allow that columns of the model are absent."""
    if missing_columns is MissingColumns.FAIL:
        names = set(present)
        if absent := [column.name for column in wanted if column.name not in names]:
            raise MissingColumnsError(absent, list(present), [column.name for column in wanted])


def _rejects(rows: npt.NDArray[np.int64], which: npt.NDArray[np.int32], rejected: Sequence[RejectedValues]) -> pa.Table:
    codes = np.empty(len(rows), object)
    columns = np.empty(len(rows), object)
    values = np.empty(len(rows), object)
    for index, one in enumerate(rejected):
        here = np.flatnonzero(which == index)
        if len(here):
            bad = rows[here]
            codes[here] = [one.code(row) for row in bad.tolist()]
            columns[here] = one.column
            values[here] = _shown(one.values.take(pa.array(bad)))
    return pa.table([pa.array(rows, pa.int64()), *map(list, (codes, columns, values))], schema=REJECT_SCHEMA)


def _shown(values: pa.Array) -> list[str | None]:
    """The texts of values: as they stand, or as CSV and JSON have them; None for null."""
    if is_json_text(values.type):
        found = values.storage.to_pylist()
        texts = [json.loads(text) if text is not None and text.startswith('"') else text for text in found]
        if values.type == MIXED:
            data = [None if text is None else bytes_of(text) for text in found]
            texts = [text if one is None else _as_text(one) for text, one in zip(texts, data, strict=True)]
    elif is_binary(values.type):
        found = values.to_pylist()
        texts = [None if data is None else _as_text(data) for data in found]
    else:
        texts = cells(values).to_pylist()
    return [text if text is None or len(text) <= _VALUE_SHOWN else text[:_VALUE_SHOWN] + "..." for text in texts]


def _as_text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    if not column.num_chunks:
        # Arrow cannot combine none of unions.
        return pa.nulls(0, column.type)
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def as_number_column(values: pa.ChunkedArray, column: Column) -> pa.Array:
    """A column of text that was scored, as the widest Arrow type of its kind; for formats that have types.

    Int32 and Int64 give int64, Float32 and Float64 give float64 (of the text itself, not rounded to single
    precision), Bool gives bool; other types are left as they are.
    """
    wide = {ColumnType.INT32: ColumnType.INT64, ColumnType.FLOAT32: ColumnType.FLOAT64}.get(column.type, column.type)
    if not wide.is_number and wide is not ColumnType.BOOL:
        return one_chunk(values)
    as_number = Column(column.name, wide, column.missing, with_signs=column.with_signs)
    array, _ = coerce.coerce(one_chunk(values), as_number)
    return array


def null_mask(array: pa.Array) -> npt.NDArray[np.bool_]:
    """True where a value is missing."""
    return np.asarray(pc.is_null(array))
