"""What the helper in NiFi's virtual machine does with the records of a FlowFile, in Python and without NiFi."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring_nifi.bridge import encoding

# The letter of a type, and how Avro names it.
_KINDS: dict[pa.DataType, tuple[str, Any]] = {
    pa.bool_(): ("b", "boolean"),
    pa.int32(): ("i", "int"),
    pa.int64(): ("l", "long"),
    pa.float32(): ("f", "float"),
    pa.float64(): ("d", "double"),
    pa.date32(): ("D", {"type": "int", "logicalType": "date"}),
    pa.timestamp("ms"): ("T", {"type": "long", "logicalType": "local-timestamp-millis"}),
    pa.string(): ("s", "string"),
}


class Helper:
    """Answers as ``RecordStream.java`` does for these chunks of records, all with the same columns.

    ``error`` is the answer to all results. ``results`` and ``requests`` are what it was given.
    """

    def __init__(self, chunks: Sequence[pa.Table], error: str = "") -> None:
        self._schema = chunks[0].schema
        self._chunks = [chunk.combine_chunks() for chunk in chunks if chunk.num_rows]
        self._current = self._schema.empty_table()
        self._has_rows = False
        self._error = error
        self.results: list[bytes] = []
        self.requests: list[str] = []

    def open_records(self, wanted: encoding.Writer, fields: Path) -> str:
        """As the helper; all columns are wanted."""
        asked = encoding.Reader(wanted.text())
        assert {asked.bytes() for _ in range(asked.number())} >= {name.encode() for name in self._schema.names}
        self._has_rows = bool(asked.number())
        out = self._next(fields)
        out.number(len(self._schema))
        for name in self._schema.names:
            out.bytes(name.encode())
        out.number(len(self._schema))
        for field in self._schema:
            out.bytes(field.name.encode())
            out.bytes(_KINDS[field.type][0].encode())
        out.number(int(self._has_rows))
        return "+" + out.text()

    def next_records(self, results: Path, request: encoding.Writer, fields: Path) -> str:
        """As the helper; 3 records are said to be scored and 2 rejected."""
        self.results.append(results.read_bytes())
        self.requests.append(request.text())
        if self._error:
            return self._error
        out = self._next(fields)
        if not self._current.num_rows:
            for count in (3, 2):
                out.number(count)
                out.number(0)
        return "+" + out.text()

    def columns_of_records(self, columns: Path) -> str:
        """As the helper."""
        columns.write_bytes(_columns(self._current))
        return "+"

    def close_records(self) -> None:
        """Nothing is open."""

    def _next(self, fields: Path) -> encoding.Writer:
        self._current = self._chunks.pop(0) if self._chunks else self._schema.empty_table()
        if self._current.num_rows:
            fields.write_bytes((_rows if self._has_rows else _columns)(self._current))
        out = encoding.Writer()
        out.number(self._current.num_rows)
        return out


def _rows(table: pa.Table) -> bytes:
    """As ``RowWriter.java`` writes records."""
    fields = [{"name": field.name, "type": ["null", _KINDS[field.type][1]]} for field in table.schema]
    schema = fastavro.parse_schema({"type": "record", "name": "r", "fields": fields})
    out = io.BytesIO()
    for row in table.to_pylist():
        fastavro.schemaless_writer(out, schema, row)
    return out.getvalue()


def _columns(table: pa.Table) -> bytes:
    """As ``ColumnWriter.java`` writes them: for each column validity, and values or the ends of texts and the texts."""
    parts = []
    for column in table.columns:
        parts.append(np.packbits(np.asarray(column.is_valid()), bitorder="little").tobytes())
        if pa.types.is_string(column.type):
            texts = [text or "" for text in column.to_pylist()]
            lengths = [len(text.encode()) for text in texts]
            parts += [np.cumsum([0, *lengths], dtype="<i4").tobytes(), "".join(texts).encode()]
        else:
            numbers = column.cast({"D": pa.int32(), "T": pa.int64()}.get(_KINDS[column.type][0], column.type))
            parts.append(pc.fill_null(numbers, pa.scalar(0).cast(numbers.type)).to_numpy().tobytes())
    return b"".join(parts)
