"""One column of any Arrow type, read as one type of model column.

The fast path of each type is a single Arrow cast over the column; only a column in which something does not
fit is looked at value by value, and that too in Arrow's kernels.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring import times
from dai_scoring.schema import Column, ColumnType

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_SPECIAL = r"^[+-]?([nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?)$"
_INTEGER = r"^[+-]?[0-9]{1,18}$"
_LONG_INTEGER = r"^[+-]?[0-9]{19,}$"
# As Arrow scalars: from a Python value Arrow would make one each time, and look for pandas each time it does.
_NO_TEXT = pa.scalar(None, pa.string())
_NO_DOUBLE = pa.scalar(None, pa.float64())
_NO_INTEGER = pa.scalar(None, pa.int64())
_EMPTY = pa.scalar(0, pa.int32())
_FALSE = pa.scalar(False)
_LIMITS = {ColumnType.INT32: 2**31, ColumnType.INT64: 2**63}


@dataclass
class Complaint:
    """The values of one column that do not fit it."""

    column: str
    values: pa.Array
    bad: npt.NDArray[np.bool_]
    codes: dict[str, npt.NDArray[np.bool_]]
    """Which values each code is said of; together they are ``bad``."""

    def code(self, row: int) -> str:
        """The reason code for a bad row."""
        return next(code for code, where in self.codes.items() if where[row])


class _Complaints:
    """Collects bad values while a column is read."""

    def __init__(self, rows: int) -> None:
        self.codes: dict[str, npt.NDArray[np.bool_]] = {}
        self._rows = rows

    def add(self, code: str, where: npt.NDArray[np.bool_]) -> None:
        if where.any():
            self.codes[code] = self.codes.get(code, np.zeros(self._rows, dtype=bool)) | where

    def of(self, column: Column, values: pa.Array) -> Complaint | None:
        if not self.codes:
            return None
        bad = np.logical_or.reduce(list(self.codes.values()))
        return Complaint(column.name, values, bad, self.codes)


def coerce(
    values: pa.Array, column: Column, parse_time: Callable[[str, str], int | None] | None = None
) -> tuple[pa.Array, Complaint | None]:
    """Read ``values`` as ``column.type``: an array of ``column.type.arrow``, and what did not fit (null there)."""
    complaints = _Complaints(len(values))
    plain = _plain(values, complaints)
    kind = column.type
    if pa.types.is_null(plain.type):
        result = pa.nulls(len(plain), kind.arrow)
    elif kind is ColumnType.STR:
        result = _text(plain, column, complaints)
    elif kind is ColumnType.TIME64:
        result = _time(plain, column, complaints, parse_time)
    elif kind is ColumnType.BOOL:
        result = _boolean(plain, column, complaints)
    elif kind in _LIMITS:
        result = _integer(plain, column, complaints)
    else:
        # Through double precision always: that is how H2O's runtimes read text, and it rounds the same.
        wide = _float(plain, column, complaints)
        result = wide if kind is ColumnType.FLOAT64 else _single(wide)
    return result, complaints.of(column, values)


def _single(wide: pa.Array) -> pa.Array:
    with np.errstate(over="ignore"):  # beyond single precision is infinite there, as in Java's and C's casts
        single = wide.to_numpy(zero_copy_only=False).astype(np.float32)
    return pa.array(single, pa.float32(), from_pandas=True)


def _plain(values: pa.Array, complaints: _Complaints) -> pa.Array:
    """Decode dictionaries, JSON text, wide strings and decimals; nested values become null and bad."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _plain(values.dictionary_decode(), complaints)
    if isinstance(kind, pa.JsonType):
        return _from_json(values.storage, complaints)
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(values.storage, complaints)
    if pa.types.is_nested(kind):
        complaints.add("nested", np.asarray(pc.is_valid(values)))
        return pa.nulls(len(values))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _decode_bytes(values, complaints)
    if pa.types.is_decimal(kind):
        return values.cast(pa.string())
    if pa.types.is_float16(kind):
        return values.cast(pa.float32())
    return values


def _decode_bytes(values: pa.Array, complaints: _Complaints) -> pa.Array:
    try:
        return values.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        texts: list[str | None] = []
        bad = np.zeros(len(values), dtype=bool)
        for index, value in enumerate(values.to_pylist()):
            try:
                texts.append(None if value is None else value.decode("utf-8"))
            except UnicodeDecodeError:
                texts.append(None)
                bad[index] = True
        complaints.add("not_text", bad)
        return pa.array(texts, pa.string())


def _from_json(storage: pa.Array, complaints: _Complaints) -> pa.Array:
    """A column of JSON texts, as a reader gives it for values of several types, as plain text."""
    texts: list[str | None] = []
    nested = np.zeros(len(storage), dtype=bool)
    for index, text in enumerate(storage.to_pylist()):
        if text is None or text == "null":
            texts.append(None)
        elif text[0] in "[{":
            nested[index] = True
            texts.append(None)
        elif text[0] == '"':
            texts.append(json.loads(text))
        else:
            # 3.0 is the level "3" here as it is in a column of floats alone.
            texts.append(text[:-2] if text.endswith(".0") else text)
    complaints.add("nested", nested)
    return pa.array(texts, pa.string())


def _is_text(array: pa.Array) -> bool:
    return bool(pa.types.is_string(array.type))


def _blank_missing(texts: pa.Array, column: Column) -> pa.Array:
    """Text without the surrounding white space, null where it means a missing value."""
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.is_in(trimmed, _texts(column.missing | {""})), _NO_TEXT, trimmed)


@cache
def _texts(literals: frozenset[str]) -> pa.Array:
    return pa.array(sorted(literals), pa.string())


@cache
def _finite_numbers(literals: frozenset[str]) -> list[float]:
    numbers = map(_as_float, literals)
    return [number for number in numbers if number is not None and np.isfinite(number)]


def _set(where: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.fill_null(where, _FALSE))


def _float(values: pa.Array, column: Column, complaints: _Complaints) -> pa.Array:
    if _is_text(values):
        return _float_from_text(values, column, complaints)
    if pa.types.is_boolean(values.type):
        return values.cast(pa.uint8()).cast(pa.float64())
    if pa.types.is_floating(values.type) or pa.types.is_integer(values.type):
        return values.cast(pa.float64(), safe=False)
    return _wrong_type(values, pa.float64(), complaints)


def _wrong_type(values: pa.Array, wanted: pa.DataType, complaints: _Complaints) -> pa.Array:
    complaints.add("wrong_type", np.asarray(pc.is_valid(values)))
    return pa.nulls(len(values), wanted)


def _float_from_text(texts: pa.Array, column: Column, complaints: _Complaints) -> pa.Array:
    try:
        quick = pc.cast(pc.if_else(pc.equal(pc.binary_length(texts), _EMPTY), _NO_TEXT, texts), pa.float64())
    except pa.ArrowInvalid:
        pass
    else:
        # A cast that went through may have read a missing literal, such as nan, inf or -999, as a number.
        if not _holds_literal(quick, column):
            return quick
    blanked = _blank_missing(texts, column)
    number = _set(pc.match_substring_regex(blanked, _NUMBER))
    special = _set(pc.match_substring_regex(blanked, _SPECIAL))
    lower = pc.utf8_lower(blanked)
    truth = _set(pc.is_in(lower, pa.array(["true", "false"])))
    complaints.add("not_a_number", ~(number | special | truth) & _set(pc.is_valid(blanked)))
    tidy = pc.replace_substring_regex(lower, r"^\+", "")
    tidy = pc.if_else(pc.equal(tidy, "true"), "1", pc.if_else(pc.equal(tidy, "false"), "0", tidy))
    tidy = pc.if_else(pa.array(number | special | truth), tidy, _NO_TEXT)
    return _no_nan(pc.cast(tidy, pa.float64()))


def _no_nan(numbers: pa.Array) -> pa.Array:
    """NaN in text is a missing value."""
    return pc.if_else(pc.fill_null(pc.is_nan(numbers), _FALSE), _NO_DOUBLE, numbers)


def _holds_literal(numbers: pa.Array, column: Column) -> bool:
    literals = _finite_numbers(column.missing)
    plain = numbers.to_numpy(zero_copy_only=False)
    if not np.isfinite(plain).all():
        odd = pc.fill_null(pc.invert(pc.is_finite(numbers)), _FALSE)
        if pc.any(odd).as_py():
            return True
    return bool(np.isin(plain, literals).any()) if literals else False


def _as_float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _integer(values: pa.Array, column: Column, complaints: _Complaints) -> pa.Array:
    kind = column.type
    if _is_text(values):
        return _limited(_integer_from_text(values, column, complaints), kind, complaints)
    if pa.types.is_boolean(values.type):
        return values.cast(pa.uint8()).cast(kind.arrow)
    if pa.types.is_uint64(values.type):
        too_big = _set(pc.greater(values, pa.scalar(2**63 - 1, pa.uint64())))
        complaints.add("out_of_range", too_big)
        return _limited(pc.if_else(pa.array(too_big), None, values).cast(pa.int64()), kind, complaints)
    if pa.types.is_integer(values.type):
        return _limited(values.cast(pa.int64()), kind, complaints)
    if pa.types.is_floating(values.type):
        return _limited(_integer_from_float(values.cast(pa.float64()), complaints), kind, complaints)
    return _wrong_type(values, kind.arrow, complaints)


def _limited(values: pa.Array, kind: ColumnType, complaints: _Complaints) -> pa.Array:
    # The smallest number of each type is its missing value in the Java runtime.
    limit = _LIMITS[kind]
    outside = _set(
        pc.or_(pc.less(values, pa.scalar(-limit + 1, pa.int64())), pc.greater(values, pa.scalar(limit - 1, pa.int64())))
    )
    complaints.add("out_of_range", outside)
    if outside.any():
        values = pc.if_else(pa.array(outside), _NO_INTEGER, values)
    return values.cast(kind.arrow)


def _integer_from_text(texts: pa.Array, column: Column, complaints: _Complaints) -> pa.Array:
    blanked = _blank_missing(texts, column)
    try:
        return pc.cast(blanked, pa.int64())
    except pa.ArrowInvalid:
        pass
    # Doubles would round long integers, so digits alone are read as integers and the rest as numbers.
    whole = _set(pc.match_substring_regex(blanked, _INTEGER))
    long = _set(pc.match_substring_regex(blanked, _LONG_INTEGER))
    digits = pc.replace_substring_regex(pc.if_else(pa.array(whole), blanked, _NO_TEXT), r"^\+", "")
    others = _float_from_text(pc.if_else(pa.array(whole | long), _NO_TEXT, blanked), column, complaints)
    found = pc.coalesce(pc.cast(digits, pa.int64()), _integer_from_float(others, complaints))
    if not long.any():
        return found
    exact = found.to_pylist()
    outside = np.zeros(len(texts), dtype=bool)
    for index in np.flatnonzero(long).tolist():
        number = int(blanked[index].as_py())
        outside[index] = not -(2**63) <= number < 2**63
        exact[index] = None if outside[index] else number
    complaints.add("out_of_range", outside)
    return pa.array(exact, pa.int64())


def _integer_from_float(values: pa.Array, complaints: _Complaints) -> pa.Array:
    plain = values.to_numpy(zero_copy_only=False)
    present = ~np.isnan(plain)
    outside = present & ~(np.abs(plain) < 2.0**63)
    broken = present & ~outside & (np.floor(plain) != plain)
    complaints.add("out_of_range", outside)
    complaints.add("not_an_integer", broken)
    usable = present & ~outside & ~broken
    return pa.array(np.where(usable, plain, 0).astype(np.int64), pa.int64(), mask=~usable)


def _boolean(values: pa.Array, column: Column, complaints: _Complaints) -> pa.Array:
    if pa.types.is_boolean(values.type):
        return values
    if _is_text(values):
        blanked = pc.utf8_lower(_blank_missing(values, column))
        yes = _set(pc.is_in(blanked, pa.array(["true", "t", "yes", "1", "1.0"])))
        no = _set(pc.is_in(blanked, pa.array(["false", "f", "no", "0", "0.0"])))
        present = _set(pc.is_valid(blanked))
    elif pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        plain = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        yes, no, present = plain == 1, plain == 0, ~np.isnan(plain)
    else:
        return _wrong_type(values, pa.bool_(), complaints)
    complaints.add("not_a_boolean", present & ~yes & ~no)
    return pa.array(yes, pa.bool_(), mask=~(yes | no))


def _text(values: pa.Array, column: Column, complaints: _Complaints) -> pa.Array:
    if _is_text(values):
        return _without_literals(values, column)
    if pa.types.is_floating(values.type):
        # Arrow prints 3.0 as "3": the level of an integer column that met a missing value on its way here.
        absent = pc.is_nan(values)
        return _without_literals(pc.if_else(absent, _NO_TEXT, values.cast(pa.string())), column)
    if pa.types.is_temporal(values.type) or pa.types.is_integer(values.type) or pa.types.is_boolean(values.type):
        return _without_literals(values.cast(pa.string()), column)
    return _wrong_type(values, pa.string(), complaints)


def _without_literals(texts: pa.Array, column: Column) -> pa.Array:
    if not column.missing:
        return texts
    found = pc.is_in(texts, _texts(column.missing))
    if not pc.any(found).as_py():
        return texts
    return pc.if_else(found, _NO_TEXT, texts)


def _time(
    values: pa.Array,
    column: Column,
    complaints: _Complaints,
    parse_time: Callable[[str, str], int | None] | None,
) -> pa.Array:
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        # A time with a zone is stored as UTC by Arrow; one without is taken as UTC.
        return values.cast(pa.timestamp("ms", tz=getattr(kind, "tz", None)), safe=False).cast(pa.timestamp("ms"))
    if pa.types.is_integer(kind):
        return values.cast(pa.int64()).cast(pa.timestamp("ms"))
    if not _is_text(values):
        return _wrong_type(values, pa.timestamp("ms"), complaints)
    blanked = _blank_missing(values, column)
    found = times.from_iso_text(blanked)
    unread = np.flatnonzero(_set(pc.and_(pc.is_valid(blanked), pc.is_null(found))))
    if len(unread):
        bad = np.zeros(len(values), dtype=bool)
        millis = found.cast(pa.int64()).to_pylist()
        for index in unread.tolist():
            millis[index] = parse_time(column.name, blanked[index].as_py()) if parse_time else None
            bad[index] = millis[index] is None
        complaints.add("not_a_date", bad)
        found = pa.array(millis, pa.int64()).cast(pa.timestamp("ms"))
    return found
