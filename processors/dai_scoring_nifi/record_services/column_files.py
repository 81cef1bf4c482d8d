"""Files that Python and the helper in NiFi's virtual machine exchange: fields of records, and predictions for them.

The helper writes rows as Avro has them, for a runtime that reads them itself, or columns in Arrow's layout, which
become Arrow arrays without a loop over the values. ``RowWriter.java``, ``ColumnWriter.java`` and ``Results.java`` are
the other sides.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.formats.base import MIXED
from dai_scoring.formats.records import AvroField, AvroRecords

_INT = struct.Struct(">i")

_INPUTS: dict[str, tuple[pa.DataType, int]] = {
    "i": (pa.int32(), 4),
    "l": (pa.int64(), 8),
    "f": (pa.float32(), 4),
    "d": (pa.float64(), 8),
    "D": (pa.date32(), 4),
    "T": (pa.timestamp("ms"), 8),
}
_TYPES = {"b": pa.bool_(), "s": pa.string(), **{letter: type_ for letter, (type_, _) in _INPUTS.items()}}
# How RowWriter.java writes values that are not null; before them stands another byte than _NULL.
_SHAPES = {
    "b": "BOOLEAN",
    "i": "VARINT",
    "l": "VARINT",
    "f": "FLOAT",
    "d": "DOUBLE",
    "D": "VARINT",
    "T": "VARINT",
    "s": "COUNTED",
}
_NULL = 0
_OUTPUTS: dict[pa.DataType, str] = {
    pa.bool_(): "b",
    pa.int32(): "i",
    pa.int64(): "l",
    pa.float32(): "f",
    pa.float64(): "d",
    pa.timestamp("ms"): "T",
    pa.string(): "s",
}


def kind(type_: pa.DataType) -> str:
    """The letter that stands for a prediction's type in the file."""
    return _OUTPUTS[type_]


def table(path: Path, rows: int, fields: Sequence[tuple[str, str]]) -> pa.Table:
    """The columns of so many records in the helper's file; ``fields`` are names and the letters of types."""
    data = pa.py_buffer(path.read_bytes())
    at = 0
    columns = []
    for _, letter in fields:
        column, at = _column(data, at, rows, letter)
        columns.append(column)
    return pa.table(columns, names=[name for name, _ in fields]) if columns else _without_columns(rows)


def records(path: Path, rows: int, fields: Sequence[tuple[str, str]]) -> AvroRecords:
    """The records in a file of the helper's that has them as rows."""
    data = pa.py_buffer(path.read_bytes())
    kinds = (AvroField(_SHAPES[letter], 0, _NULL, name, _TYPES[letter]) for name, letter in fields)
    return AvroRecords(data, rows, tuple(kinds), (np.array([rows]), np.array([data.size])))


def _without_columns(rows: int) -> pa.Table:
    """A table with rows but without columns, for records that have none of the model's columns."""
    return pa.table({"": pa.nulls(rows)}).select([])


def _column(data: pa.Buffer, at: int, rows: int, letter: str) -> tuple[pa.Array, int]:
    length = (rows + 7) // 8
    present = data.slice(at, length)
    at += length
    if letter == "b":
        values = np.frombuffer(data.slice(at, rows), np.uint8) != 0
        mask = pa.Array.from_buffers(pa.bool_(), rows, [None, present])
        return pc.if_else(mask, pa.array(values), pa.scalar(None, pa.bool_())), at + rows
    if letter in "snm":
        offsets = data.slice(at, (rows + 1) * 4)
        at += offsets.size
        (length,) = struct.unpack("<i", offsets.slice(rows * 4, 4).to_pybytes())
        texts: Any = pa.StringArray.from_buffers(rows, offsets, data.slice(at, length), present)
        if letter == "n":
            # The model rejects a nested value; its text is for the reason.
            texts = pa.StructArray.from_arrays([texts], ["value"], mask=texts.is_null())
        elif letter == "m":
            texts = pa.ExtensionArray.from_storage(MIXED, texts)
        return texts, at + length
    type_, width = _INPUTS[letter]
    values = data.slice(at, rows * width)
    return pa.Array.from_buffers(type_, rows, [present, values]), at + rows * width


def write_results(path: Path, rows: int, outputs: pa.Table, rejects: pa.Table) -> None:
    """Write results of ``rows`` records: predictions of scored ones, reasons of rejected ones, in order.

    The helper joins them with the records.
    """
    parts = [_INT.pack(rows), _INT.pack(rejects.num_rows)]
    for one in rejects.to_pylist():
        parts.append(_INT.pack(one["row"]))
        parts += [_text(one[name]) for name in ("code", "column", "value")]
    for column in outputs.columns:
        parts += _encoded(column.combine_chunks() if column.num_chunks != 1 else column.chunk(0))
    path.write_bytes(b"".join(parts))


def _text(value: str | None) -> bytes:
    if value is None:
        return _INT.pack(-1)
    data = value.encode("utf-8", "replace")
    return _INT.pack(len(data)) + data


def _encoded(column: pa.Array) -> list[bytes]:
    present = b"" if not column.null_count else np.asarray(column.is_valid()).astype(np.uint8).tobytes()
    if pa.types.is_string(column.type):
        column = column.fill_null("")
        lengths = pc.binary_length(column).to_numpy(zero_copy_only=False)
        ends = np.concatenate([np.zeros(1, "<i4"), np.cumsum(lengths, dtype="<i4")])
        return [*_sized(present), *_sized(ends.tobytes()), *_sized("".join(column.to_pylist()).encode())]
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    zero: Any = False if pa.types.is_boolean(column.type) else 0
    values = column.fill_null(zero).to_numpy(zero_copy_only=False)
    return [*_sized(present), *_sized(np.ascontiguousarray(values).tobytes())]


def _sized(data: bytes) -> tuple[bytes, bytes]:
    return _INT.pack(len(data)), data
