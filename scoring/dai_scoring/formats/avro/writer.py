"""Writing Avro object container files."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import fastavro
import pyarrow as pa
from fastavro.write import Writer

from dai_scoring.formats.avro.appended_fields import AppendedFields, Block, appended_fields
from dai_scoring.formats.avro.logical_types import writable
from dai_scoring.formats.avro.output_types import SchemaOut
from dai_scoring.formats.base import AvroDialect, check_names
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.file_schema import conform
from dai_scoring.values.model_rows import one_chunk

# Of the codecs those that take little of the time; what came with another one is written without.
_KEPT_CODECS = ("snappy", "zstandard", "lz4")


class AvroWriter:
    """An Avro file; every field may be null, but for those of records that pass through as they were read.

    A column whose name Avro does not allow has its invalid characters replaced by ``_`` (with a number if
    that name exists) and its own name in the field's property ``dai.name``, from which the reader restores it.
    Nanoseconds are cut to microseconds: few programs know Avro's timestamp-nanos. uint64 is a decimal. What Avro
    lacks, and JSON text, is a string. Blocks are compressed as those of the input were with snappy, zstandard or lz4,
    and not at all where that was another codec: deflate would take most of the time.
    """

    def __init__(self, path: Path, schema: pa.Schema, dialect: AvroDialect | None = None) -> None:
        check_names(schema.names)
        self._schema = schema
        self._dialect = dialect
        self._appended: AppendedFields | None = None
        self._lock = threading.Lock()
        self._out: SchemaOut | None = None
        self._file = path.open("wb")
        self._writer: Writer | None = None

    def encode(self, table: pa.Table, lines: pa.Array | None = None) -> pa.Table | list[Block] | Declined:
        """Rows cast to the schema of the file.

        ``lines`` are records as they were read, by the reader whose dialect this has, and then those of all rows: the
        table's columns come after their fields, and the schema is theirs.
        """
        if lines is not None and self._dialect is not None:
            appended = self._passing(self._dialect, table.schema)
            return appended if isinstance(appended, Declined) else appended.encode(table, lines)
        return conform(table, self._converting().arrow, cut=True)

    def put(self, encoded: pa.Table | list[Block]) -> None:
        """Append rows."""
        writer: Any = self._writer
        if isinstance(encoded, list):
            for block in encoded:
                writer.write_block(block)
            return
        out = self._converting()
        columns = [one.values_of(one_chunk(column)) for column, one in zip(encoded.columns, out.types, strict=True)]
        for row in zip(*columns, strict=True):
            writer.write(dict(zip(out.keys, row, strict=True)))

    def close(self) -> None:
        """Finish the file."""
        if not self._file.closed:
            if self._writer is None:
                self._converting()
            if self._writer is not None:
                self._writer.flush()
            self._file.close()

    def _passing(self, dialect: AvroDialect, added: pa.Schema) -> AppendedFields | Declined:
        with self._lock:
            if self._appended is None:
                found = appended_fields(dialect.schema, added)
                if isinstance(found, Declined):
                    return found
                self._appended = found
                self._begin(found.schema)
            return self._appended

    def _converting(self) -> SchemaOut:
        with self._lock:
            if self._out is None:
                self._out = SchemaOut(self._schema)
                self._begin(self._out.schema)
            return self._out

    def _begin(self, schema: Any) -> None:
        given = self._dialect.codec if self._dialect is not None else "null"
        codec = given if given in _KEPT_CODECS else "null"
        self._writer = Writer(self._file, fastavro.parse_schema(writable(schema)), codec=codec)

    def __enter__(self) -> AvroWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
