"""Avro records that pass through as they were read, the bytes of their fields, with more fields after these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.compute

from dai_scoring.formats.avro.output_types import SchemaOut, ValuesOf
from dai_scoring.formats.avro.schema import holds_itself
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.file_schema import conform

# The stubs know no mix of arrays and scalars, which most functions take.
pc: Any = pyarrow.compute

_BYTES = pa.large_binary()
# As fastavro's own.
_BLOCK_BYTES = 16_000
_NULL, _PRESENT = b"\0", b"\2"
_FLOATS = {pa.float64(): "<f8", pa.float32(): "<f4"}
_NAME_CLASH = Declined("a name that Avro allows for a prediction is that of another field")
_HOLDS_ITSELF = Declined("a field holds records of the type that gets more fields")


@dataclass(frozen=True)
class Block:
    """Some records as fastavro writes them without looking at them."""

    num_records: int
    bytes_: BytesIO


def appended_fields(schema: Mapping[str, Any], added: pa.Schema) -> AppendedFields | Declined:
    """The fields of ``added`` after those of records that were read with an (unparsed) schema.

    Declined where a name that Avro allows for one of them is that of another field of the records, or where records
    hold others of their type: these would need the fields too.
    """
    if holds_itself(schema):
        return _HOLDS_ITSELF
    out = SchemaOut(added)
    if not {field["name"] for field in schema["fields"]}.isdisjoint(out.keys):
        return _NAME_CLASH
    return AppendedFields(schema, out)


class AppendedFields:
    """Fields after those of records that were read with a schema; :func:`appended_fields` makes one."""

    def __init__(self, schema: Mapping[str, Any], out: SchemaOut) -> None:
        self._out = out
        self._types = [fastavro.parse_schema(field["type"]) for field in self._out.schema["fields"]]
        self.schema = {**schema, "fields": [*schema["fields"], *self._out.schema["fields"]]}
        """The (unparsed) schema of the records with these fields."""

    def encode(self, table: pa.Table, lines: pa.Array) -> list[Block]:
        """The records ``lines`` with the columns of ``table``."""
        if not table.num_rows:
            return []
        columns = conform(table, self._out.arrow, cut=True).combine_chunks().columns
        parts = [
            _encoded(column.chunk(0), kind, out.values_of)
            for column, kind, out in zip(columns, self._types, self._out.types, strict=True)
        ]
        records = pc.binary_join_element_wise(lines, *parts, pa.scalar(b"", _BYTES))
        _, offsets, data = records.buffers()
        ends = np.frombuffer(offsets, np.int64)[records.offset : records.offset + len(records) + 1]
        blocks = []
        first = 0
        while first < len(records):
            last = max(first + 1, int(np.searchsorted(ends, ends[first] + _BLOCK_BYTES, "right")) - 1)
            blocks.append(Block(last - first, BytesIO(memoryview(data)[ends[first] : ends[last]])))
            first = last
        return blocks


def _encoded(values: pa.Array, kind: Any, values_of: ValuesOf) -> pa.Array:
    """The bytes of each value of a field that may be null."""
    form = _FLOATS.get(values.type)
    if form is not None:
        return _floats(values, form)
    if pa.types.is_string(values.type):
        # Labels: a few different ones.
        texts = values.dictionary_encode(null_encoding="encode")
        return _one_by_one(texts.dictionary, kind, values_of).take(texts.indices)
    return _one_by_one(values, kind, values_of)


def _one_by_one(values: pa.Array, kind: Any, values_of: ValuesOf) -> pa.Array:
    stream = BytesIO()
    ends = [0]
    for value in values_of(values):
        fastavro.schemaless_writer(stream, kind, value)
        ends.append(stream.tell())
    return _binary(np.array(ends, np.int64), stream.getvalue())


def _floats(values: pa.Array, form: str) -> pa.Array:
    missing = np.asarray(pc.is_null(values))
    numbers = np.ascontiguousarray(pc.fill_null(values, 0.0).to_numpy(zero_copy_only=False), form)
    rows = np.empty((len(values), 1 + numbers.itemsize), np.uint8)
    rows[:, 0] = np.where(missing, _NULL[0], _PRESENT[0])
    rows[:, 1:] = numbers.view(np.uint8).reshape(len(values), numbers.itemsize)
    ends = np.cumsum(np.concatenate([[0], np.where(missing, 1, rows.shape[1])]))
    kept = np.ones(rows.shape, bool)
    kept[missing, 1:] = False
    return _binary(ends, rows[kept].tobytes())


def _binary(ends: Any, data: bytes) -> pa.Array:
    return pa.Array.from_buffers(_BYTES, len(ends) - 1, [None, pa.py_buffer(ends), pa.py_buffer(data)])


def lines_of(records: Sequence[bytes]) -> pa.Array:
    """Records as they were read, as :attr:`~dai_scoring.formats.base.Chunk.lines`."""
    return pa.array(records, _BYTES)
