"""Converts tensors of the Open Inference Protocol, in JSON or as bytes, to columns, and columns to tensors."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.schema import ColumnType

BYTES = "BYTES"
_NUMPY = {
    "BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1", "INT16": "<i2",
    "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
DATATYPES = (*_NUMPY, BYTES)

OF_COLUMN = {
    ColumnType.BOOL: "BOOL",
    ColumnType.INT32: "INT32",
    ColumnType.INT64: "INT64",
    ColumnType.FLOAT32: "FP32",
    ColumnType.FLOAT64: "FP64",
    ColumnType.STR: BYTES,
    ColumnType.TIME64: BYTES,
}
"""The datatype for each type of column; times are texts."""
_LENGTH = struct.Struct("<I")


def check(name: str, shape: Any, datatype: Any) -> int:
    """The number of values in a tensor of one column, [n] or [n, 1]. Raises ContentError for any other shape."""
    if datatype not in DATATYPES:
        raise ContentError(f"input '{name}': 'datatype' is one of {', '.join(DATATYPES)}.", column=name)
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise ContentError(f"input '{name}': 'shape' must be a list of whole numbers.", column=name)
    if len(shape) not in (1, 2) or shape[1:] not in ([], [1]):
        raise ContentError(
            f"input '{name}' must have the shape [rows] or [rows, 1]: send each column as an input of its own.",
            column=name,
        )
    return int(shape[0])


def from_json(name: str, data: Any, count: int) -> list[Any]:
    """The values of a tensor in JSON."""
    if not isinstance(data, list):
        raise ContentError(f"input '{name}' has no 'data', a list of values.", column=name)
    if data and all(isinstance(one, list) and len(one) == 1 for one in data):
        data = [one[0] for one in data]
    values: list[Any] = data
    if len(values) != count:
        raise ContentError(f"input '{name}' has {len(values)} values, and its shape says {count}.", column=name)
    if any(isinstance(one, list | dict) for one in values):
        raise ContentError(f"input '{name}' has a list or an object where a single value belongs.", column=name)
    return values


def from_bytes(name: str, data: memoryview, datatype: str, count: int) -> pa.Array | list[str | None]:
    """The values of a tensor in bytes. NaN is a missing value, because such tensors have no null."""
    if datatype == BYTES:
        return _texts(name, data, count)
    kind = np.dtype(_NUMPY[datatype])
    if len(data) != count * kind.itemsize:
        raise ContentError(f"input '{name}' has {len(data)} bytes, where {count * kind.itemsize} belong.", column=name)
    values: npt.NDArray[Any] = np.frombuffer(data, kind)
    if kind.kind != "f":
        return pa.array(values)
    if kind.itemsize == 2:
        values = values.astype(np.float32)
    return pa.array(values, mask=np.isnan(values))


def _texts(name: str, data: memoryview, count: int) -> list[str | None]:
    found: list[str | None] = []
    at = 0
    try:
        for _ in range(count):
            (length,) = _LENGTH.unpack_from(data, at)
            at += _LENGTH.size
            if at + length > len(data):
                raise ValueError
            found.append(bytes(data[at : at + length]).decode())
            at += length
        if at != len(data):
            raise ValueError
    except UnicodeDecodeError:
        raise ContentError(
            f"input '{name}', row {len(found) + 1}: the text is not UTF-8.", row=len(found) + 1, column=name
        ) from None
    except (struct.error, ValueError):
        raise ContentError(
            f"input '{name}': its bytes are not {count} texts, each with its length in four bytes before it.",
            column=name,
        ) from None
    return found


def to_bytes(values: Sequence[Any], datatype: str) -> bytes:
    """A column as bytes. A missing value is NaN, 0 in a column of integers or booleans, or an empty text."""
    if datatype != BYTES:
        kind = _NUMPY[datatype]
        missing = float("nan") if kind.startswith("<f") else 0
        return np.array([missing if value is None else value for value in values], kind).tobytes()
    texts = [b"" if value is None else str(value).encode() for value in values]
    return b"".join(part for text in texts for part in (_LENGTH.pack(len(text)), text))
