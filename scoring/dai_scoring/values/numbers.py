"""Columns of numbers: text, booleans and numbers of every Arrow type as doubles or integers."""

from __future__ import annotations

from decimal import Decimal
from functools import cache, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.schema import Column, ColumnType
from dai_scoring.values.arrow import FALSE, NO_TEXT, is_text, truths
from dai_scoring.values.missing import blank_missing
from dai_scoring.values.rejected import RejectCollector, wrong_type

INTEGER_LIMITS = {ColumnType.INT32: 2**31, ColumnType.INT64: 2**63}
"""What the integers of a type are smaller than."""

_UNSIGNED = r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_NUMBER = rf"^[+-]?{_UNSIGNED}$"
_SIGNED = rf"^(\$[+-]?{_UNSIGNED}( *%)?|[+-]?{_UNSIGNED} *%)$"
_SPECIAL = r"^[+-]?([nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?)$"
_INTEGER = r"^[+-]?[0-9]{1,18}$"
_LONG_INTEGER = r"^[+-]?[0-9]{19,}$"
_LONGEST_INTEGER = 19
_NO_DOUBLE = pa.scalar(None, pa.float64())
_TRUTHS = pa.array(["true", "false"])
_TRUE, _ONE = pa.scalar("true"), pa.scalar("1")
_FALSE, _ZERO = pa.scalar("false"), pa.scalar("0")
_NO_INTEGER = pa.scalar(None, pa.int64())
_EMPTY = pa.scalar(0, pa.int32())


def to_double(values: pa.Array, column: Column, rejects: RejectCollector) -> pa.Array:
    """Read a column as float64, null where a value is missing or not a number."""
    if is_text(values):
        return _float_from_text(values, column, rejects)
    if pa.types.is_boolean(values.type):
        return values.cast(pa.uint8()).cast(pa.float64())
    if pa.types.is_floating(values.type) or pa.types.is_integer(values.type):
        return values.cast(pa.float64(), safe=False)
    return wrong_type(values, pa.float64(), rejects)


def _float_from_text(texts: pa.Array, column: Column, rejects: RejectCollector) -> pa.Array:
    try:
        quick = pc.cast(pc.if_else(pc.equal(pc.binary_length(texts), _EMPTY), NO_TEXT, texts), pa.float64())
    except pa.ArrowInvalid:
        pass
    else:
        # A cast that went through may have read a missing literal, such as nan, inf or -999, as a number.
        if not _holds_literal(quick, column):
            return quick
    blanked = blank_missing(texts, column)
    if column.with_signs:
        blanked = _without_signs(blanked)
    number = truths(pc.match_substring_regex(blanked, _NUMBER))
    special = truths(pc.match_substring_regex(blanked, _SPECIAL))
    lower = pc.utf8_lower(blanked)
    truth = truths(pc.is_in(lower, _TRUTHS))
    rejects.add("not_a_number", ~(number | special | truth) & truths(pc.is_valid(blanked)))
    tidy = pc.replace_substring_regex(lower, r"^\+", "")
    tidy = pc.if_else(pc.equal(tidy, _TRUE), _ONE, pc.if_else(pc.equal(tidy, _FALSE), _ZERO, tidy))
    tidy = pc.if_else(pa.array(number | special | truth), tidy, NO_TEXT)
    return _no_nan(pc.cast(tidy, pa.float64()))


def _without_signs(texts: pa.Array) -> pa.Array:
    """Texts with amounts and percentages as numbers, ``$5`` as 5 and ``5%`` as 0.05; others stay as they are.

    Source of the behaviour: the parser of H2O-3 3.46 (water.parser.CsvParser).
    """
    signed = np.flatnonzero(truths(pc.match_substring_regex(texts, _SIGNED)))
    if not len(signed):
        return texts
    values = texts.to_pylist()
    for index in signed.tolist():
        values[index] = _without_sign(values[index])
    return pa.array(values, pa.string())


@lru_cache(1 << 14)
def _without_sign(text: str) -> str:
    number = text.removeprefix("$")
    if not number.endswith("%"):
        return number
    try:
        return str(Decimal(number[:-1].rstrip(" ")).scaleb(-2))
    except ArithmeticError:
        return text


def _no_nan(numbers: pa.Array) -> pa.Array:
    """NaN in text is a missing value."""
    return pc.if_else(pc.fill_null(pc.is_nan(numbers), FALSE), _NO_DOUBLE, numbers)


def _holds_literal(numbers: pa.Array, column: Column) -> bool:
    literals = finite_numbers(column.missing)
    found = numbers.to_numpy(zero_copy_only=False)
    if not np.isfinite(found).all():
        odd = pc.fill_null(pc.invert(pc.is_finite(numbers)), FALSE)
        if pc.any(odd).as_py():
            return True
    return bool(np.isin(found, literals).any()) if literals else False


def _as_float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def to_integer(values: pa.Array, column: Column, rejects: RejectCollector) -> pa.Array:
    """Read a column as int32 or int64, as its type says, null where a value is missing or does not fit."""
    kind = column.type
    if is_text(values):
        return _limited(_integer_from_text(values, column, rejects), kind, rejects)
    if pa.types.is_boolean(values.type):
        return values.cast(pa.uint8()).cast(kind.arrow)
    if pa.types.is_uint64(values.type):
        too_big = truths(pc.greater(values, pa.scalar(2**63 - 1, pa.uint64())))
        rejects.add("out_of_range", too_big)
        return _limited(pc.if_else(pa.array(too_big), None, values).cast(pa.int64()), kind, rejects)
    if pa.types.is_integer(values.type):
        return _limited(values.cast(pa.int64()), kind, rejects)
    if pa.types.is_floating(values.type):
        return _limited(_integer_from_float(values.cast(pa.float64()), rejects), kind, rejects)
    return wrong_type(values, kind.arrow, rejects)


def _limited(values: pa.Array, kind: ColumnType, rejects: RejectCollector) -> pa.Array:
    # The smallest number of each type is its missing value in the Java runtime.
    return within(values, INTEGER_LIMITS[kind], rejects).cast(kind.arrow)


def within(values: pa.Array, limit: int, rejects: RejectCollector) -> pa.Array:
    """Integers of 64 bits between ``-limit`` and ``limit``, both left out; others are said and become null."""
    outside = truths(
        pc.or_(pc.less(values, pa.scalar(-limit + 1, pa.int64())), pc.greater(values, pa.scalar(limit - 1, pa.int64())))
    )
    rejects.add("out_of_range", outside)
    if outside.any():
        values = pc.if_else(pa.array(outside), _NO_INTEGER, values)
    return values


def _integer_from_text(texts: pa.Array, column: Column, rejects: RejectCollector) -> pa.Array:
    blanked = blank_missing(texts, column)
    try:
        return pc.cast(blanked, pa.int64())
    except pa.ArrowInvalid:
        pass
    # Doubles would round long integers, so digits alone are read as integers and the rest as numbers.
    whole = truths(pc.match_substring_regex(blanked, _INTEGER))
    long = truths(pc.match_substring_regex(blanked, _LONG_INTEGER))
    digits = pc.replace_substring_regex(pc.if_else(pa.array(whole), blanked, NO_TEXT), r"^\+", "")
    others = _float_from_text(pc.if_else(pa.array(whole | long), NO_TEXT, blanked), column, rejects)
    found = pc.coalesce(pc.cast(digits, pa.int64()), _integer_from_float(others, rejects))
    if not long.any():
        return found
    exact = found.to_pylist()
    outside = np.zeros(len(texts), dtype=bool)
    for index in np.flatnonzero(long).tolist():
        # Python makes no number of thousands of digits.
        text = blanked[index].as_py()
        number = int(text) if len(text.lstrip("+-0")) <= _LONGEST_INTEGER else 2**63
        outside[index] = not -(2**63) <= number < 2**63
        exact[index] = None if outside[index] else number
    rejects.add("out_of_range", outside)
    return pa.array(exact, pa.int64())


def _integer_from_float(values: pa.Array, rejects: RejectCollector) -> pa.Array:
    numbers = values.to_numpy(zero_copy_only=False)
    present = ~np.isnan(numbers)
    outside = present & ~(np.abs(numbers) < 2.0**63)
    broken = present & ~outside & (np.floor(numbers) != numbers)
    rejects.add("out_of_range", outside)
    rejects.add("not_an_integer", broken)
    usable = present & ~outside & ~broken
    return pa.array(np.where(usable, numbers, 0).astype(np.int64), pa.int64(), mask=~usable)


@cache
def finite_numbers(literals: frozenset[str]) -> list[float]:
    """Those of the literals that are numbers, but for NaN and infinity."""
    numbers = map(_as_float, literals)
    return [number for number in numbers if number is not None and np.isfinite(number)]


def to_single(wide: pa.Array) -> pa.Array:
    """Round float64 to float32; NaN becomes null."""
    with np.errstate(over="ignore"):  # beyond single precision is infinite there, as in Java's and C's casts
        single = wide.to_numpy(zero_copy_only=False).astype(np.float32)
    return pa.array(single, pa.float32(), from_pandas=True)
