"""Requests to a worker and its answers: Arrow columns as raw little-endian buffers; ``child.py`` has the other side."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PREFIX = struct.Struct(">IQ")


@dataclass(frozen=True)
class WorkerReply:
    """What a worker sent: a header, and the buffers that belong to it."""

    header: dict[str, Any]
    buffers: list[memoryview]


def request(
    names: Sequence[str], columns: Sequence[pa.Array], untyped: Sequence[bool], wanted: Sequence[str], recipes: bool
) -> bytes:
    """A request to score whole columns.

    ``untyped`` columns are text whose type nobody knows: the worker reads them as pandas reads CSV. ``wanted`` are
    among predictions, original, transformed, intervals.
    """
    described: list[dict[str, Any]] = []
    buffers: list[bytes] = []
    for name, column, guess in zip(names, columns, untyped, strict=True):
        kind, parts = _encoded(column)
        described.append({"name": name, "type": kind, "guess": guess})
        buffers += parts
    return message({"columns": described, "wanted": list(wanted), "recipes": recipes}, buffers)


def message(header: Mapping[str, Any], buffers: Sequence[bytes | pa.Buffer]) -> bytes:
    """A request: its header as JSON, which gets the lengths of the buffers, and the buffers."""
    lengths = [len(one) for one in buffers]
    text = json.dumps({**header, "buffers": lengths}).encode()
    return b"".join([PREFIX.pack(len(text), sum(lengths)), text, *buffers])


def answer(header: bytes, payload: memoryview) -> WorkerReply:
    """An answer out of its bytes."""
    read: dict[str, Any] = json.loads(header)
    buffers, at = [], 0
    for length in read["buffers"]:
        buffers.append(payload[at : at + length])
        at += length
    return WorkerReply(read, buffers)


def tables(given: WorkerReply) -> list[pa.Table]:
    """The tables of an answer, in the order in which they were wanted."""
    buffers = iter(given.buffers)
    return [
        pa.table([_decoded(column["type"], buffers) for column in columns], names=[c["name"] for c in columns])
        for columns in given.header["tables"]
    ]


def _encoded(column: pa.Array) -> tuple[str, list[bytes]]:
    if pa.types.is_string(column.type):
        # Each distinct text crosses once and becomes one Python object.
        levels = column.dictionary_encode()
        values = levels.dictionary
        ends = np.cumsum(pc.binary_length(values).to_numpy(zero_copy_only=False), dtype="<i4")
        indices = levels.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype("<i4")
        return "text", [b"".join(values.cast(pa.binary()).to_pylist()), ends.tobytes(), indices.tobytes()]
    if pa.types.is_boolean(column.type):
        return "bool", [column.cast(pa.int8()).fill_null(-1).to_numpy(zero_copy_only=False).astype("i1").tobytes()]
    # Null becomes NaN, and so whole numbers with a missing one become floating-point, as in pandas.
    values = column.to_numpy(zero_copy_only=False)
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return values.dtype.str, [values.tobytes()]


def _decoded(kind: str, buffers: Iterator[memoryview]) -> pa.Array:
    if kind == "text":
        blob, lengths, present = next(buffers), np.frombuffer(next(buffers), "<i4"), np.frombuffer(next(buffers), "i1")
        offsets = np.concatenate([np.zeros(1, np.int32), np.cumsum(lengths, dtype=np.int32)])
        texts = pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), pa.py_buffer(blob))
        return pc.if_else(pa.array(present == 1), texts, pa.scalar(None, pa.string()))
    if kind == "bool":
        return pa.array(np.frombuffer(next(buffers), "i1") == 1)
    return pa.array(np.frombuffer(next(buffers), kind))
