"""One column of any Arrow type, read as one type of model column.

The fast path of each type is a single Arrow cast over the column; only a column in which something does not
fit is looked at value by value, and that too in Arrow's kernels.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.formats import nested
from dai_scoring.formats.base import MIXED
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.text import bytes_of, is_binary
from dai_scoring.schema import Column, ColumnType
from dai_scoring.values import times
from dai_scoring.values.arrow import NO_TEXT, is_text, truths
from dai_scoring.values.missing import blank_missing, literal_texts
from dai_scoring.values.numbers import INTEGER_LIMITS, to_double, to_integer, to_single, within
from dai_scoring.values.rejected import RejectCollector, RejectedValues, wrong_type

_EXACT = 1 << 53
# From here on Arrow prints integers as 1.2e+10.
_WITH_EXPONENT = 10_000_000_000
_MILLIS = Column("", ColumnType.INT64)
# As milliseconds they have 64 bits.
_SECONDS_LIMIT = (2**63 - 1) // 1000 + 1


def coerce(
    values: pa.Array, column: Column, parse_time: Callable[[str, str], int | None] | None = None
) -> tuple[pa.Array, RejectedValues | None]:
    """Read ``values`` as ``column.type``: an array of ``column.type.arrow``, and what did not fit (null there)."""
    rejects = RejectCollector(len(values))
    decoded = _decoded(values, column, rejects)
    kind = column.type
    if pa.types.is_null(decoded.type):
        result = pa.nulls(len(decoded), kind.arrow)
    elif kind is ColumnType.STR:
        result = _text(decoded, column, rejects)
    elif kind is ColumnType.TIME64:
        result = _time(decoded, column, rejects, parse_time)
    elif kind is ColumnType.BOOL:
        result = _boolean(decoded, column, rejects)
    elif kind in INTEGER_LIMITS:
        result = to_integer(decoded, column, rejects)
    else:
        # Through double precision always: that is how H2O's runtimes read text, and it rounds the same.
        wide = to_double(decoded, column, rejects)
        result = wide if kind is ColumnType.FLOAT64 else to_single(wide)
    if column.required:
        rejects.add("missing_value", np.asarray(pc.is_null(result)) & ~rejects.bad)
    return result, rejects.of(column, values)


def _decoded(values: pa.Array, column: Column, rejects: RejectCollector) -> pa.Array:
    """Decode dictionaries, JSON text, wide strings and decimals; nested values become null and bad."""
    kind = values.type
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _decoded(nested.plain(values), column, rejects)
    if isinstance(kind, pa.JsonType):
        return _from_json(values.storage, column, rejects, has_bytes=kind == MIXED)
    if isinstance(kind, pa.UuidType):
        return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
    if isinstance(kind, pa.BaseExtensionType):
        return _decoded(values.storage, column, rejects)
    if pa.types.is_nested(kind):
        rejects.add("nested", np.asarray(pc.is_valid(values)))
        return pa.nulls(len(values))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    if is_binary(kind):
        return _decode_bytes(values, rejects)
    if pa.types.is_decimal(kind):
        return values.cast(pa.string())
    if pa.types.is_float16(kind):
        return values.cast(pa.float32())
    return values


def _decode_bytes(values: pa.Array, rejects: RejectCollector) -> pa.Array:
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
        rejects.add("not_text", bad)
        return pa.array(texts, pa.string())


def _from_json(storage: pa.Array, column: Column, rejects: RejectCollector, *, has_bytes: bool) -> pa.Array:
    """A column of JSON texts, as a reader gives it for values of several types, as plain text.

    With ``has_bytes`` some may be bytes, which are the text that a column of bytes alone has.
    """
    texts: list[str | None] = []
    nested, bad = np.zeros((2, len(storage)), dtype=bool)
    is_number = column.type.is_number
    truths = {"true": "true", "false": "false"}
    if column.levels is not None:
        truths = dict(zip(truths, column.levels.of_truths(pa.array([True, False])).to_pylist(), strict=True))
    for index, text in enumerate(storage.to_pylist()):
        if text is None or text == "null":
            texts.append(None)
        elif text[0] in "[{":
            nested[index] = True
            texts.append(None)
        elif text[0] == '"':
            data = bytes_of(text) if has_bytes else None
            try:
                texts.append(json.loads(text) if data is None else data.decode())
            except UnicodeDecodeError:
                texts.append(None)
                bad[index] = True
        elif text in truths:
            texts.append(truths[text])
        else:
            # 3.0 is the level "3" here as it is in a column of floats alone.
            number = text[:-2] if text.endswith(".0") else text
            texts.append(_other_spelling(number) if is_number and number in column.missing else number)
    rejects.add("nested", nested)
    rejects.add("not_text", bad)
    return pa.array(texts, pa.string())


def _other_spelling(number: str) -> str:
    """The same number with a zero before it: a number is never a missing literal, which are texts."""
    return f"-0{number[1:]}" if number.startswith("-") else f"0{number}"


def _boolean(values: pa.Array, column: Column, rejects: RejectCollector) -> pa.Array:
    if pa.types.is_boolean(values.type):
        return values
    if is_text(values):
        blanked = pc.utf8_lower(blank_missing(values, column))
        yes = truths(pc.is_in(blanked, pa.array(["true", "t", "yes", "1", "1.0"])))
        no = truths(pc.is_in(blanked, pa.array(["false", "f", "no", "0", "0.0"])))
        present = truths(pc.is_valid(blanked))
    elif pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        yes, no, present = numbers == 1, numbers == 0, ~np.isnan(numbers)
    else:
        return wrong_type(values, pa.bool_(), rejects)
    rejects.add("not_a_boolean", present & ~yes & ~no)
    return pa.array(yes, pa.bool_(), mask=~(yes | no))


def _text(values: pa.Array, column: Column, rejects: RejectCollector) -> pa.Array:
    if is_text(values):
        return _without_literals(values, column)
    if pa.types.is_floating(values.type):
        return _without_literals(_of_floats(values), column)
    if pa.types.is_boolean(values.type) and column.levels is not None:
        return column.levels.of_truths(values)
    if pa.types.is_temporal(values.type) or pa.types.is_integer(values.type) or pa.types.is_boolean(values.type):
        try:
            return _without_literals(values.cast(pa.string()), column)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            # Intervals have no text, nor has a time in a zone that this machine does not know.
            pass
    return wrong_type(values, pa.string(), rejects)


def _of_floats(values: pa.Array) -> pa.Array:
    """The texts of a column of floats, 3.0 as "3": the level of an integer column that met a missing value before."""
    texts = pc.if_else(pc.is_nan(values), NO_TEXT, values.cast(pa.string()))
    if not pa.types.is_float64(values.type):
        return texts
    numbers = values.to_numpy(zero_copy_only=False)
    long = (np.abs(numbers) >= _WITH_EXPONENT) & (np.abs(numbers) <= _EXACT) & (np.floor(numbers) == numbers)
    if not long.any():
        return texts
    return pc.if_else(pa.array(long), pa.array(np.where(long, numbers, 0).astype(np.int64)).cast(pa.string()), texts)


def _without_literals(texts: pa.Array, column: Column) -> pa.Array:
    if not column.missing:
        return texts
    found = pc.is_in(texts, literal_texts(column.missing))
    if not pc.any(found).as_py():
        return texts
    return pc.if_else(found, NO_TEXT, texts)


def _time(
    values: pa.Array,
    column: Column,
    rejects: RejectCollector,
    parse_time: Callable[[str, str], int | None] | None,
) -> pa.Array:
    kind = values.type
    if pa.types.is_timestamp(kind) and kind.unit == "s":
        values = within(values.cast(pa.int64()), _SECONDS_LIMIT, rejects).cast(kind)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        # A time with a zone is stored as UTC by Arrow; one without is taken as UTC.
        found = values.cast(pa.timestamp("ms", tz=getattr(kind, "tz", None)), safe=False).cast(pa.int64())
        # The smallest number is the missing value of the Java runtime.
        return within(found, 1 << 63, rejects).cast(pa.timestamp("ms"))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        # A number that is not a time gets the code that its text has, as in a column of texts.
        not_integers = RejectCollector(len(values))
        found = to_integer(values, _MILLIS, not_integers).cast(pa.timestamp("ms"))
        rejects.add("not_a_date", not_integers.bad)
        return found
    if pa.types.is_boolean(kind):
        rejects.add("not_a_date", np.asarray(pc.is_valid(values)))
        return pa.nulls(len(values), pa.timestamp("ms"))
    if not is_text(values):
        return wrong_type(values, pa.timestamp("ms"), rejects)
    if not any(len(text) == times.DATE_LENGTH for text in column.missing):
        quick = times.from_dates(values)
        if not isinstance(quick, Declined):
            return quick
    blanked = blank_missing(values, column)
    found = times.from_iso_text(blanked)
    unread = np.flatnonzero(truths(pc.and_(pc.is_valid(blanked), pc.is_null(found))))
    if len(unread):
        bad = np.zeros(len(values), dtype=bool)
        millis = found.cast(pa.int64()).to_pylist()
        for index in unread.tolist():
            text = blanked[index].as_py()
            own = parse_time(column.name, text) if parse_time else None
            millis[index] = times.from_milliseconds(text) if own is None else own
            bad[index] = millis[index] is None
        rejects.add("not_a_date", bad)
        found = pa.array(millis, pa.int64()).cast(pa.timestamp("ms"))
    return found
