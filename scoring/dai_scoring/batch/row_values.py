"""The values of few rows, as Python's objects, become what the columns of a model hold.

Values that are plainly written are read here, in less time than Arrow needs to begin. Everything else is left to
:func:`dai_scoring.coerce.coerce`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from dai_scoring.coerce import coerce
from dai_scoring.formats.rows import Rows
from dai_scoring.numeric import INTEGER_LIMITS, is_literal
from dai_scoring.schema import Column, ColumnType

# Texts that Python and Arrow read as the same number, and quickly.
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = date(1970, 1, 1)
_DAY_MILLIS = 86_400_000
_EXACT = 1 << 53
_LARGEST_SINGLE = 3.4e38


def values_of(rows: Rows, index: int, column: Column) -> Sequence[Any] | pa.Array | None:
    """The values of the column at ``index`` as the model wants them; None if one of them does not fit."""
    values = rows.columns[index]
    read = None if column.required else _READERS.get(column.type)
    if read is not None:
        try:
            return [read(value, column) for value in values]
        except _NotPlain:
            pass
    array, complaint = coerce(rows.array(index), column)
    return array if complaint is None else None


def array_of(column: Column, parts: Sequence[Sequence[Any] | pa.Array]) -> pa.Array:
    """One array of a column's values in several contents."""
    if any(isinstance(part, pa.Array) for part in parts):
        return pa.concat_arrays(
            [part if isinstance(part, pa.Array) else pa.array(part, column.type.arrow) for part in parts]
        )
    return pa.array([value for part in parts for value in part], column.type.arrow)


class _NotPlain(Exception):  # noqa: N818 - no error: another way is taken
    """It takes :func:`dai_scoring.coerce.coerce` to tell what a value is."""


def _text(value: Any, column: Column) -> str | None:
    if type(value) is str:
        return None if value in column.missing else value
    if value is None:
        return None
    raise _NotPlain


def _double(value: Any, column: Column) -> float | None:
    kind = type(value)
    if kind is float:
        number: float = value
    elif value is None or value == "":
        return None
    elif (kind is int and abs(value) <= _EXACT) or (
        kind is str and value not in column.missing and _NUMBER.fullmatch(value)
    ):
        number = float(value)
    else:
        raise _NotPlain
    if is_literal(number, column):
        raise _NotPlain
    return number


def _single(value: Any, column: Column) -> float | None:
    number = _double(value, column)
    if number is not None and abs(number) > _LARGEST_SINGLE:
        raise _NotPlain
    return number


def _integer(value: Any, column: Column) -> int | None:
    number = _double(value, column)
    if number is None:
        return None
    if not number.is_integer() or abs(number) >= min(_EXACT, INTEGER_LIMITS[column.type]):
        raise _NotPlain
    return int(number)


def _time(value: Any, column: Column) -> int | None:
    if value is None or value == "":
        return None
    if type(value) is not str or value in column.missing or not _DATE.fullmatch(value):
        raise _NotPlain
    try:
        return (date.fromisoformat(value) - _EPOCH).days * _DAY_MILLIS
    except ValueError:
        raise _NotPlain from None


_READERS = {
    ColumnType.STR: _text,
    ColumnType.FLOAT64: _double,
    ColumnType.FLOAT32: _single,
    ColumnType.INT32: _integer,
    ColumnType.INT64: _integer,
    ColumnType.TIME64: _time,
}
