"""The values of few rows, as Python's objects, become what the columns of a model hold.

Values in the forms that programs write most are read here, in less time than Arrow needs to begin. Every other column
is left to :func:`dai_scoring.values.coerce.coerce`. What means a missing value is the same for both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from dai_scoring.formats.declined import Declined
from dai_scoring.formats.rows import Rows
from dai_scoring.schema import Column, ColumnType
from dai_scoring.values.coerce import coerce
from dai_scoring.values.missing import missing_texts
from dai_scoring.values.numbers import INTEGER_LIMITS

# Texts that Python and Arrow read as the same number, and quickly.
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = date(1970, 1, 1)
_DAY_MILLIS = 86_400_000
_EXACT = 1 << 53
_LARGEST_SINGLE = 3.4e38
_TEXT_OR_NULL = frozenset({str, type(None)})
_FLOAT_OR_NULL = frozenset({float, type(None)})

UNFIT = Declined("a value does not fit its column")
_OTHER_FORM = Declined("a value has another form than most programs write")


def _values_of(rows: Rows, index: int, column: Column) -> Sequence[Any] | pa.Array | Declined:
    """The values of the column at ``index`` as the model wants them; Declined if one of them does not fit."""
    found = quick_values([record[index] for record in rows.records], column)
    if not isinstance(found, Declined):
        return found
    array, rejected = coerce(rows.array(index), column)
    return array if rejected is None else UNFIT


def quick_values(values: Sequence[Any], column: Column) -> Sequence[Any] | Declined:
    """Python's objects as the model wants them: numbers, texts, milliseconds since 1970, None where missing.

    ``values`` are of CSV texts, of JSON what its parser makes of them. Declined where it takes ``coerce`` to judge one.
    """
    read = None if column.required else _READERS.get(column.type)
    return _OTHER_FORM if read is None else read(values, column)


def fitting_columns(
    rows: Rows, places: Sequence[int | None], inputs: Sequence[Column]
) -> list[Sequence[Any] | pa.Array] | Declined:
    """The same of some rows, whatever form their values have; UNFIT if one of these does not fit its column."""
    found: list[Sequence[Any] | pa.Array] = []
    for column, place in zip(inputs, places, strict=True):
        values = [None] * rows.count if place is None else _values_of(rows, place, column)
        if isinstance(values, Declined):
            return values
        found.append(values)
    return found


def array_of(column: Column, parts: Sequence[Sequence[Any] | pa.Array]) -> pa.Array:
    """One array of a column's values in several contents."""
    if any(isinstance(part, pa.Array) for part in parts):
        return pa.concat_arrays(
            [part if isinstance(part, pa.Array) else pa.array(part, column.type.arrow) for part in parts]
        )
    return pa.array([value for part in parts for value in part], column.type.arrow)


def quick_columns(
    columns: Sequence[Sequence[Any]], places: Sequence[int | None], inputs: Sequence[Column], count: int
) -> list[Sequence[Any]] | Declined:
    """All columns of a model, as :func:`quick_values` gives each of them.

    ``columns`` are those of the ``count`` rows, and ``places`` says where among them each of ``inputs`` is, None for an
    absent one.
    """
    found: list[Sequence[Any]] = []
    for column, place in zip(inputs, places, strict=True):
        values = [None] * count if place is None else quick_values(columns[place], column)
        if isinstance(values, Declined):
            return values
        found.append(values)
    return found


def _texts(values: Sequence[Any], column: Column) -> Sequence[Any] | Declined:
    missing = column.missing
    if set(map(type, values)) <= _TEXT_OR_NULL and missing.isdisjoint(values):
        return values
    found: list[str | None] = []
    for value in values:
        if type(value) is str:
            found.append(None if value in missing else value)
        elif value is None:
            found.append(None)
        else:
            return _OTHER_FORM
    return found


def _doubles(values: Sequence[Any], column: Column) -> Sequence[Any] | Declined:
    if set(map(type, values)) <= _FLOAT_OR_NULL:
        return values
    missing = missing_texts(column.missing)
    found: list[float | None] = []
    for value in values:
        kind = type(value)
        if kind is float:
            found.append(value)
        elif value is None or (kind is str and value in missing):
            found.append(None)
        elif (kind is str and _NUMBER.fullmatch(value)) or (kind is int and abs(value) <= _EXACT):
            found.append(float(value))
        else:
            return _OTHER_FORM
    return found


def _singles(values: Sequence[Any], column: Column) -> Sequence[Any] | Declined:
    found = _doubles(values, column)
    if isinstance(found, Declined) or any(number is not None and abs(number) > _LARGEST_SINGLE for number in found):
        return _OTHER_FORM
    return found


def _integers(values: Sequence[Any], column: Column) -> Sequence[Any] | Declined:
    doubles = _doubles(values, column)
    if isinstance(doubles, Declined):
        return doubles
    limit = min(_EXACT, INTEGER_LIMITS[column.type])
    found: list[int | None] = []
    for number in doubles:
        if number is None:
            found.append(None)
        elif number.is_integer() and abs(number) < limit:
            found.append(int(number))
        else:
            return _OTHER_FORM
    return found


def _times(values: Sequence[Any], column: Column) -> Sequence[Any] | Declined:
    missing = missing_texts(column.missing)
    found: list[int | None] = []
    for value in values:
        if value is None or (type(value) is str and value in missing):
            found.append(None)
        elif type(value) is str and _DATE.fullmatch(value):
            try:
                found.append((date.fromisoformat(value) - _EPOCH).days * _DAY_MILLIS)
            except ValueError:
                return _OTHER_FORM
        else:
            return _OTHER_FORM
    return found


_READERS = {
    ColumnType.STR: _texts,
    ColumnType.FLOAT64: _doubles,
    ColumnType.FLOAT32: _singles,
    ColumnType.INT32: _integers,
    ColumnType.INT64: _integers,
    ColumnType.TIME64: _times,
}
