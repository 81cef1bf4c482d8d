"""Arrow columns as text: the cells of CSV, the values of JSON."""

from __future__ import annotations

import base64
import decimal
from typing import Any, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute

from dai_scoring.formats import nested
from dai_scoring.formats.base import BYTES_END, MIXED, is_json_text

# The stubs lack methods of arrays, and functions that take arrays and scalars.
Array: TypeAlias = Any
pc: Any = pyarrow.compute

MAX_PYTHON_ROWS = 100
"""Up to so many rows are read and written as Python's objects: see :func:`is_quicker_in_python`."""

_TEXT = pa.large_string()
# Made once: Arrow looks for pandas each time that it makes one from a Python value.
_FALSE = pa.scalar(False)
_QUOTE = pa.scalar('"', _TEXT)
_NOTHING = pa.scalar("", _TEXT)
_SMALLEST = -(2**63)
_DAYS = 365 * 30_000
_IN_DAY = {"D": 1, "s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
# Some 30,000 years to both sides of 1970, as far as 64 bits go.
_KNOWN = {
    unit: [pa.scalar(sign * min(_DAYS * count, 2**63 - 1), pa.int64()) for sign in (-1, 1)]
    for unit, count in _IN_DAY.items()
}
"""The first and the last time of each unit of which Arrow makes the right text."""
_NULL = pa.scalar("null", _TEXT)
_NEEDS_ESCAPE = r'["\\\x00-\x1f]'


def cells(array: Array) -> Array:
    """The values as CSV shows them: null for null, NaN and inf in words, nested values as JSON text.

    So is a text among values of other types: itself, not in the quotes that it has in JSON.
    """
    kind = array.type
    if kind == MIXED:
        return _mixed_texts(array.storage.cast(_TEXT))
    if pa.types.is_floating(kind):
        doubles = _doubles(array)
        texts = _double_texts(doubles)
        if not np.isfinite(doubles).all():
            for value, word in ((np.inf, "inf"), (-np.inf, "-inf")):
                texts = pc.if_else(pa.array(doubles == value), pa.scalar(word, _TEXT), texts)
            texts = pc.if_else(pa.array(np.isnan(doubles)), pa.scalar("NaN", _TEXT), texts)
            texts = pc.if_else(array.is_null(), pa.scalar(None, _TEXT), texts)
        return texts
    return _unquoted_texts(array)


def _mixed_texts(texts: Array) -> Array:
    quoted = pc.fill_null(pc.starts_with(texts, '"'), _FALSE)
    found = texts.filter(quoted).to_pylist()
    if found:
        texts = pc.replace_with_mask(texts, quoted, pa.array(orjson.loads(f"[{','.join(found)}]"), _TEXT))
    is_null = pc.and_not(pc.equal(texts, _NULL), quoted)
    return pc.if_else(is_null, pa.scalar(None, _TEXT), texts)


def json_values(array: Array) -> Array:
    """The values as JSON texts; "null" for null, and for NaN and infinity, which JSON does not have."""
    kind = array.type
    if pa.types.is_floating(kind):
        return _double_texts(_doubles(array))
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return json_values(nested.plain(array))
    texts = _unquoted_texts(array)
    if _is_quoted(kind):
        texts = _quoted(texts)
    return pc.fill_null(texts, _NULL)


def is_quicker_in_python(table: pa.Table) -> bool:
    """Whether to write the rows by way of Python's objects: for few that is quicker than a few Arrow calls a column."""
    return table.num_rows <= MAX_PYTHON_ROWS and all(map(has_python_text, table.schema.types))


def has_python_text(kind: pa.DataType) -> bool:
    """Whether Python's objects of a type become the same text as its column does."""
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_float32(kind)
        or pa.types.is_float64(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    )


def is_numeric(kind: pa.DataType) -> bool:
    """True for the types whose text consists of digits, letters and ``+-.``."""
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_duration(kind)
    )


def _is_quoted(kind: pa.DataType) -> bool:
    if isinstance(kind, pa.BaseExtensionType):
        return not is_json_text(kind) and _is_quoted(kind.storage_type)
    return not is_numeric(kind) and not pa.types.is_nested(kind) and not pa.types.is_null(kind)


def _unquoted_texts(array: Array) -> Array:
    """The values as text, nulls kept."""
    kind = array.type
    if isinstance(kind, pa.UuidType):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], _TEXT)
    if isinstance(kind, pa.BaseExtensionType):
        return _unquoted_texts(array.storage)
    if pa.types.is_dictionary(kind):
        return cells(array.dictionary_decode())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _time_texts(array)
    if pa.types.is_duration(kind):
        return array.cast(pa.int64()).cast(_TEXT)
    if is_binary(kind):
        values = [None if value is None else base64.b64encode(value).decode() for value in array.to_pylist()]
        return pa.array(values, _TEXT)
    if pa.types.is_nested(kind):
        return nested.json_texts(array, json_values)
    if pa.types.is_interval(kind):
        return pa.array([None if value is None else _interval(*value) for value in array.to_pylist()], _TEXT)
    return array.cast(_TEXT)


def _time_texts(array: Array) -> Array:
    """Times and dates as ISO 8601, those with a zone in UTC."""
    kind = array.type
    unit = kind.unit if pa.types.is_timestamp(kind) else "D" if pa.types.is_date32(kind) else "ms"
    counts = array.cast(pa.int32() if unit == "D" else pa.int64()).cast(pa.int64())
    least, most = _KNOWN[unit]
    far = pc.fill_null(pc.or_(pc.less(counts, least), pc.greater(counts, most)), _FALSE)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        array = array.cast(pa.timestamp(kind.unit, "UTC"))
    if not pc.any(far).as_py():
        return pc.replace_substring(array.cast(_TEXT), " ", "T", max_replacements=1)
    # Of years beyond 32767 Arrow makes other texts; numpy writes them.
    numbers = counts.filter(far).to_numpy(zero_copy_only=False)
    # The smallest number is no time to numpy. The next one ends in 3, whatever the unit.
    smallest = numbers == _SMALLEST
    found = np.where(smallest, _SMALLEST + 1, numbers).astype(f"datetime64[{unit}]")
    texts = np.datetime_as_string(found.astype("datetime64[D]") if pa.types.is_date(kind) else found)
    texts = np.where(smallest, [f"{text[:-1]}2" for text in texts], texts)
    end = "Z" if pa.types.is_timestamp(kind) and kind.tz is not None else ""
    near = _time_texts(pc.if_else(far, pa.scalar(None, array.type), array))
    return pc.replace_with_mask(near, far, pa.array([f"{text}{end}" for text in texts], _TEXT))


def _doubles(array: Array) -> Any:
    """The values as numpy doubles, NaN for null; a float32 becomes the double that it exactly is."""
    if array.type != pa.float64():
        array = array.cast(pa.float32()).cast(pa.float64())
    return np.ascontiguousarray(array.to_numpy(zero_copy_only=False))


def _double_texts(doubles: Any) -> Array:
    """The shortest text of every double, "null" if it is not finite."""
    if not len(doubles):
        return pa.array([], _TEXT)
    # One call for the whole column, split again, is many times faster than a call for each value; Arrow's
    # own cast would write 3.0 as 3 and 123456789012.0 as 1.23456789012e+11.
    text = orjson.dumps(doubles, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    return pc.split_pattern(pa.array([text.decode()], _TEXT), ",").flatten()


def _quoted(texts: Array) -> Array:
    special = pc.fill_null(pc.match_substring_regex(texts, _NEEDS_ESCAPE), _FALSE)
    quoted = pc.binary_join_element_wise(_QUOTE, texts, _QUOTE, _NOTHING)
    if pc.any(special).as_py():
        escaped = [orjson.dumps(text).decode() for text in texts.filter(special).to_pylist()]
        quoted = pc.replace_with_mask(quoted, special, pa.array(escaped, _TEXT))
    return quoted


def is_binary(kind: pa.DataType) -> bool:
    """True for every type of bytes."""
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _interval(months: int, days: int, nanoseconds: int) -> str:
    """An interval as ISO 8601 has durations, as in ``P1M2DT3.5S``; each part has its own sign."""
    sign = "-" if nanoseconds < 0 else ""
    seconds, rest = divmod(abs(nanoseconds), 1_000_000_000)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"P{months}M{days}DT{sign}{seconds}{fraction}S"


def bytes_of(text: str) -> bytes | None:
    """The bytes that a text of :data:`MIXED` stands for, None if it stands for another value."""
    return base64.b64decode(orjson.loads(text)) if text.startswith('"') and text.endswith(BYTES_END) else None


def nested_json(value: Any) -> str:
    """Any value that Arrow or Avro hold as compact JSON text."""
    return orjson.dumps(value, default=_other, option=orjson.OPT_NON_STR_KEYS).decode()


def _other(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return orjson.Fragment(str(value).encode())
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, pa.Scalar):
        return orjson.Fragment(json_values(pa.array([value], value.type))[0].as_py())
    return str(value)
