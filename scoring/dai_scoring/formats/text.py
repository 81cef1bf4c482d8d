"""Arrow columns as text: the cells of CSV, the values of JSON."""

from __future__ import annotations

import base64
import datetime
import decimal
from typing import Any, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import is_json_text

# The stubs lack methods of arrays, and functions that take arrays and scalars.
Array: TypeAlias = Any
pc: Any = pyarrow.compute

FEW_ROWS = 100
"""Up to so many rows are read and written as Python's objects, where all columns are plain."""

_TEXT = pa.large_string()
# Made once: Arrow looks for pandas each time that it makes one from a Python value.
_FALSE = pa.scalar(False)
_QUOTE = pa.scalar('"', _TEXT)
_NOTHING = pa.scalar("", _TEXT)
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
    """The values as CSV shows them: null for null, NaN and inf in words, nested values as JSON text."""
    kind = array.type
    if pa.types.is_floating(kind):
        doubles = _doubles(array)
        texts = _double_texts(doubles)
        if not np.isfinite(doubles).all():
            for value, word in ((np.inf, "inf"), (-np.inf, "-inf")):
                texts = pc.if_else(pa.array(doubles == value), pa.scalar(word, _TEXT), texts)
            texts = pc.if_else(pa.array(np.isnan(doubles)), pa.scalar("NaN", _TEXT), texts)
            texts = pc.if_else(array.is_null(), pa.scalar(None, _TEXT), texts)
        return texts
    return _plain_texts(array)


def json_values(array: Array) -> Array:
    """The values as JSON texts; "null" for null, and for NaN and infinity, which JSON does not have."""
    kind = array.type
    if pa.types.is_floating(kind):
        return _double_texts(_doubles(array))
    if pa.types.is_dictionary(kind):
        return json_values(array.dictionary_decode())
    texts = _plain_texts(array)
    if _is_quoted(kind):
        texts = _quoted(texts)
    return pc.fill_null(texts, _NULL)


def is_plain(kind: pa.DataType) -> bool:
    """Whether Python's objects of a type become the same text as its column does; see :data:`FEW_ROWS`."""
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


def _plain_texts(array: Array) -> Array:
    """The values as text, nulls kept."""
    kind = array.type
    if isinstance(kind, pa.UuidType):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], _TEXT)
    if isinstance(kind, pa.BaseExtensionType):
        return _plain_texts(array.storage)
    if pa.types.is_dictionary(kind):
        return cells(array.dictionary_decode())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _time_texts(array)
    if pa.types.is_duration(kind):
        return array.cast(pa.int64()).cast(_TEXT)
    if _is_binary(kind):
        values = [None if value is None else base64.b64encode(value).decode() for value in array.to_pylist()]
        return pa.array(values, _TEXT)
    if pa.types.is_nested(kind) or pa.types.is_interval(kind):
        try:
            found = array.to_pylist()
        except (ValueError, OverflowError):
            # Python has no nanoseconds and no year 10000.
            try:
                array = array.cast(_with_text(kind), safe=False)
                kind, found = array.type, array.to_pylist()
            except (ValueError, OverflowError):
                raise ContentError(
                    f"a nested value of the type {kind} cannot be written as text: it has a name twice, or a zone "
                    "that is not known.",
                    advice=("Take the column out.",),
                ) from None
        values = [
            None if value is None else orjson.dumps(_natural(value, kind), default=_other).decode() for value in found
        ]
        return pa.array(values, _TEXT)
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
    found = counts.filter(far).to_numpy(zero_copy_only=False).astype(f"datetime64[{unit}]")
    texts = np.datetime_as_string(found.astype("datetime64[D]") if pa.types.is_date(kind) else found)
    end = "Z" if pa.types.is_timestamp(kind) and kind.tz is not None else ""
    near = _time_texts(pc.if_else(far, pa.scalar(None, array.type), array))
    return pc.replace_with_mask(near, far, pa.array([f"{text}{end}" for text in texts], _TEXT))


def _doubles(array: Array) -> Any:
    """The values as numpy doubles, NaN for null; a float32 becomes the double that it exactly is."""
    if array.type != pa.float64():
        array = array.cast(pa.float32()).cast(pa.float64())
    return np.ascontiguousarray(array.to_numpy(zero_copy_only=False))


def _double_texts(doubles: Any) -> Array:
    """The shortest text of every double, "null" where it is not finite."""
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


def _is_binary(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _natural(value: Any, kind: Any) -> Any:
    """A nested value as JSON has it: Arrow gives maps as lists of pairs."""
    if value is None:
        return None
    if isinstance(kind, pa.BaseExtensionType):
        return _natural(value, kind.storage_type) if not is_json_text(kind) else orjson.Fragment(value)
    if pa.types.is_map(kind):
        return {_key(key): _natural(item, kind.item_type) for key, item in value}
    if pa.types.is_struct(kind):
        return {field.name: _natural(value[field.name], field.type) for field in kind}
    if _is_list(kind):
        return [_natural(item, kind.value_type) for item in value]
    if pa.types.is_floating(kind) and not np.isfinite(value):
        return None
    return value


def _with_text(kind: Any) -> Any:
    """A nested type with text for its dates and times, and its durations in microseconds."""
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_with_text(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_with_text(kind.key_type), _with_text(kind.item_type))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_with_text(kind.value_type))
    if pa.types.is_duration(kind):
        return pa.duration("us")
    return pa.string() if pa.types.is_temporal(kind) and not pa.types.is_interval(kind) else kind


def _is_list(kind: Any) -> bool:
    return bool(pa.types.is_nested(kind) and not pa.types.is_union(kind))


def nested_json(value: Any) -> str:
    """Any value that Arrow or Avro hold as compact JSON text."""
    return orjson.dumps(value, default=_other, option=orjson.OPT_NON_STR_KEYS).decode()


def _key(key: Any) -> str:
    return key if isinstance(key, str) else orjson.dumps(key, default=_other).decode().strip('"')


def _other(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return orjson.Fragment(str(value).encode())
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.timedelta):
        return value / datetime.timedelta(microseconds=1)
    return str(value)
