"""Columns of Arrow from Java's arrays and back, whole columns at a time."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.runtimes.java import java_arrays

KIND = b"JDBC:kind"
"""The metadata of a field whose text is a number or a time: its kind, as in the Java class Kind."""

_LONGS = {"LONG": pa.int64(), "BOOLEAN": pa.bool_(), "DATE": pa.date32(), "MICROS": pa.timestamp("us")}
_TEXT_KINDS = ("NUMBER", "NANOS", "ZONED")
_ZONED_MICROS = pa.timestamp("us", "UTC")


def arrow_type(kind: str) -> pa.DataType:
    """The type of a column of that kind."""
    if kind == "DOUBLE":
        return pa.float64()
    return _LONGS.get(kind) or (pa.binary() if kind == "BYTES" else pa.string())


def from_java(column: Any, kind: str, rows: int) -> pa.Array:
    """The first rows of a Java column."""
    missing = np.asarray(column.missing)[:rows] != 0
    validity = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
    wanted = arrow_type(kind)
    if kind == "DOUBLE":
        return pa.Array.from_buffers(wanted, rows, [validity, _buffer(np.asarray(column.doubles)[:rows])])
    if kind not in _LONGS:
        offsets = np.asarray(column.offsets)[: rows + 1]
        data = np.asarray(column.bytes)[: offsets[-1]]
        return pa.Array.from_buffers(wanted, rows, [validity, _buffer(offsets), _buffer(data)])
    values = np.asarray(column.longs)[:rows]
    if kind == "BOOLEAN":
        return pa.Array.from_buffers(
            wanted, rows, [validity, pa.py_buffer(np.packbits(values != 0, bitorder="little"))]
        )
    return pa.Array.from_buffers(
        wanted, rows, [validity, _buffer(values.astype(np.int32) if kind == "DATE" else values)]
    )


def _buffer(values: npt.NDArray[Any]) -> pa.Buffer:
    return pa.py_buffer(np.ascontiguousarray(values))


def to_java(column_class: Any, values: pa.Array | pa.ChunkedArray, field: pa.Field) -> Any:
    """A Java column with these values; types that Java's arrays do not have cross as text."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    kind, array = _crossing(array, field)
    missing = java_arrays.primitives(pc.is_null(array).to_numpy(zero_copy_only=False).astype(np.int8))
    if kind in _LONGS:
        numbers = pc.fill_null(array, 0).to_numpy(zero_copy_only=False)
        return column_class.ofLongs(kind, missing, java_arrays.primitives(numbers))
    if kind == "DOUBLE":
        numbers = pc.fill_null(array, 0.0).to_numpy(zero_copy_only=False)
        return column_class.ofDoubles(missing, java_arrays.primitives(numbers))
    _, offsets, data = array.buffers()
    starts = np.zeros(len(array) + 1, np.int32)
    if offsets is not None and len(array):
        starts = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    texts = np.zeros(0, np.int8) if data is None else np.frombuffer(data, np.int8)[starts[0] : starts[-1]]
    return column_class.ofBytes(
        kind, missing, java_arrays.primitives(texts), java_arrays.primitives(np.ascontiguousarray(starts - starts[0]))
    )


def _crossing(array: pa.Array, field: pa.Field) -> tuple[str, pa.Array]:
    """The kind of an array, and the array as int64, float64, string or binary."""
    if isinstance(array, pa.ExtensionArray) and not isinstance(array.type, pa.UuidType):
        array = array.storage
    of = array.type
    if pa.types.is_boolean(of):
        return "BOOLEAN", array.cast(pa.int64())
    if pa.types.is_integer(of):
        return "LONG", array.cast(pa.int64())
    if pa.types.is_floating(of):
        return "DOUBLE", array.cast(pa.float64())
    if pa.types.is_decimal(of):
        return "NUMBER", array.cast(pa.string())
    if pa.types.is_date(of):
        return "DATE", array.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
    if pa.types.is_timestamp(of):
        if of.tz is None:
            return "MICROS", array.cast(pa.timestamp("us")).cast(pa.int64())
        times = array.cast(_ZONED_MICROS)
        return "ZONED", pc.binary_join_element_wise(pc.strftime(times, "%Y-%m-%dT%H:%M:%S"), "Z", "")
    if pa.types.is_binary(of) or pa.types.is_large_binary(of) or pa.types.is_fixed_size_binary(of):
        return "BYTES", array.cast(pa.binary())
    if pa.types.is_string(of) or pa.types.is_large_string(of) or pa.types.is_null(of):
        kind = (field.metadata or {}).get(KIND, b"TEXT").decode()
        return kind, array.cast(pa.string())
    return "TEXT", pa.array([None if one is None else _text(one) for one in array.to_pylist()], pa.string())


def _text(value: Any) -> str:
    return json.dumps(value, default=str) if isinstance(value, list | dict) else str(value)


def for_model(array: pa.ChunkedArray, kind: str) -> pa.ChunkedArray:
    """The same values with a type that every runtime knows: times that cross as text become times, to microseconds."""
    if kind == "NANOS":
        return pc.utf8_slice_codeunits(array, 0, len("2026-01-01T12:00:00.123456")).cast(pa.timestamp("us"))
    if kind == "ZONED":
        micros = pc.replace_substring_regex(array, r"(\.\d{6})\d{3}", r"\1")
        return micros.cast(_ZONED_MICROS)
    return array
