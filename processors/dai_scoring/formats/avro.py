"""Avro object container files."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import fastavro
import pyarrow as pa
from fastavro.schema import SchemaParseException, UnknownType
from fastavro.write import Writer

from dai_scoring.errors import ContentError
from dai_scoring.formats.avro_schema import FieldIn, SchemaOut, apply, fields_in
from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, Dialect, Format, check_names
from dai_scoring.formats.conform import conform
from dai_scoring.formats.text import nested_json

_FAULTS = (
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zlib.error,
    SchemaParseException,
    UnknownType,
)
_STEP = 1000


class AvroReader:
    """An Avro file as columns typed by its schema.

    Enumerations and UUIDs are strings; records, arrays and maps are struct, list and map. A union of
    several types beside null, or a type that holds itself, is JSON text (``arrow.json``).
    """

    format = Format.AVRO
    dialect: Dialect | None = None

    def __init__(self, path: Path, chunk_rows: int) -> None:
        self.schema: pa.Schema | None = None
        self._rows = chunk_rows
        self._fields: list[FieldIn] = []
        self._size = path.stat().st_size
        self._file = path.open("rb")
        self._reader: Any = None
        if not self._size:
            return
        try:
            self._reader = fastavro.reader(self._file)
            schema = json.loads(self._reader.metadata["avro.schema"])
            self._fields = fields_in(schema, nested_json)
            self.schema = pa.schema([item.field for item in self._fields])
        except _FAULTS as error:
            self.close()
            raise _broken(0, error) from None
        except ContentError:
            self.close()
            raise

    def chunks(self) -> Iterator[Chunk]:
        """The rows in order."""
        if self.schema is None:
            return
        done = 0
        while True:
            records: list[Any] = []
            begin = self._file.tell()
            try:
                while len(records) < self._rows and self._file.tell() - begin < MAX_CHUNK_BYTES:
                    step = list(islice(self._reader, min(_STEP, self._rows - len(records))))
                    if not step:
                        break
                    records += step
            except _FAULTS as error:
                raise _broken(done + len(records), error) from None
            if not records:
                break
            done += len(records)
            yield Chunk(self._table(records))
        # A length cut in its first bytes looks like the end of the file to fastavro.
        if self._at_end_of_block() is False:
            raise _broken(done, EOFError())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _at_end_of_block(self) -> bool | None:
        sync = self._reader._header["sync"] if hasattr(self._reader, "_header") else None
        if not sync:
            return None
        self._file.seek(max(0, self._size - len(sync)))
        return bool(self._file.read() == sync)

    def _table(self, records: list[dict[str, Any]]) -> pa.Table:
        arrays: list[Any] = []
        for item in self._fields:
            values = [record[item.key] for record in records]
            if item.convert is not None:
                values = [apply(item.convert, value) for value in values]
            kind = item.field.type
            if isinstance(kind, pa.JsonType):
                arrays.append(pa.ExtensionArray.from_storage(kind, pa.array(values, pa.string())))
            else:
                arrays.append(pa.array(values, kind))
        return pa.Table.from_arrays(arrays, schema=self.schema)


class AvroWriter:
    """An Avro file; every field may be null.

    A column whose name Avro does not allow has its invalid characters replaced by ``_`` (with a number if
    that name exists) and its own name in the field's property ``dai.name``, from which :class:`AvroReader`
    restores it. Nanoseconds are cut to microseconds. uint64 is a decimal. What Avro lacks, and JSON text,
    is a string. Blocks are not compressed: deflate would take most of the time.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        check_names(schema.names)
        self._out = SchemaOut(schema, nested_json)
        self._file = path.open("wb")
        self._writer = Writer(self._file, fastavro.parse_schema(self._out.schema), codec="null")

    def encode(self, table: pa.Table, lines: pa.Array | None = None) -> pa.Table:
        """Rows cast to the schema of the file."""
        return conform(table, self._out.arrow, cut=True)

    def put(self, encoded: pa.Table) -> None:
        """Append rows."""
        columns = [_values(column, out.convert) for column, out in zip(encoded.columns, self._out.types, strict=True)]
        keys = self._out.keys
        for row in zip(*columns, strict=True):
            self._writer.write(dict(zip(keys, row, strict=True)))

    def close(self) -> None:
        """Finish the file."""
        if not self._file.closed:
            self._writer.flush()
            self._file.close()

    def __enter__(self) -> AvroWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _values(column: pa.ChunkedArray[Any], convert: Any) -> list[Any]:
    kind = column.type
    # Avro's own form of times is an integer; making it here saves an object a value.
    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_date32(kind) or pa.types.is_time32(kind):
        column = column.cast(pa.int32())
    values: list[Any] = column.to_pylist()
    return values if convert is None else [apply(convert, value) for value in values]


def _broken(records: int, error: BaseException) -> ContentError:
    if "codec" in str(error):
        return ContentError(
            "the Avro content is compressed with a codec that is not installed here; use deflate or null."
        )
    return ContentError(
        f"the content stops being a valid Avro file after record {records}: it is truncated, damaged or of "
        "another format; send it again."
    )
