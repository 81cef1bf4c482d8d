"""Avro object container files."""

from __future__ import annotations

import json
import lzma
import struct
import threading
import zlib
from collections.abc import Collection, Iterator, Sequence
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any

import cramjam
import fastavro
import numpy as np
import pyarrow as pa
from backports import zstd
from fastavro.schema import SchemaParseException, UnknownType
from fastavro.write import Writer
from lz4.block import LZ4BlockError

from dai_scoring.errors import ContentError
from dai_scoring.formats.avro_columns import Plan, plan_of
from dai_scoring.formats.avro_pass import Behind, Block, lines_of, values_of
from dai_scoring.formats.avro_schema import FieldIn, SchemaOut, apply, fields_in
from dai_scoring.formats.avro_walk import Walked, walk
from dai_scoring.formats.base import (
    MAX_CHUNK_BYTES,
    AvroDialect,
    Chunk,
    Fields,
    Format,
    NotPlainError,
    Parsed,
    Piece,
    check_names,
)
from dai_scoring.formats.conform import conform
from dai_scoring.formats.not_text import rejected, without_surrogates
from dai_scoring.formats.source import DAMAGED
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
    lzma.LZMAError,
    cramjam.DecompressionError,
    zstd.ZstdError,
    LZ4BlockError,
    # bzip2 and blocks of no length have errors of the system.
    RuntimeError,
    OSError,
    SchemaParseException,
    UnknownType,
)
_CODECS = ("null", "deflate", "snappy", "zstandard", "lz4", "bzip2", "xz")
# Of the codecs those that take little of the time; what came with another one is written without.
_KEPT_CODECS = ("snappy", "zstandard", "lz4")
# Bytes that are no UTF-8 become characters that only they become, so that their rows can be told.
_KEEPS_BYTES = "surrogateescape"
_STEP = 1000
_BATCH_BYTES = 4 << 20


class AvroReader:
    """An Avro file as columns typed by its schema.

    Enumerations and UUIDs are strings; records, arrays and maps are struct, list and map. A union of
    several types beside null, or a type that holds itself, is JSON text (``arrow.json``).
    """

    format = Format.AVRO

    def __init__(self, path: Path, chunk_rows: int) -> None:
        self.dialect: AvroDialect | None = None
        self.schema: pa.Schema | None = None
        self._rows = chunk_rows
        self._fields: list[FieldIn] = []
        self._size = path.stat().st_size
        self._file = path.open("rb")
        self._blocks: Any = None
        # The columns that are read where records pass as they stand; None is all.
        self._read: Collection[str] | None = None
        if not self._size:
            return
        try:
            self._blocks = fastavro.block_reader(self._file, handle_unicode_errors=_KEEPS_BYTES)
            schema = json.loads(self._blocks.metadata["avro.schema"])
            self._fields = fields_in(schema, nested_json)
            self.schema = pa.schema([item.field for item in self._fields])
            self.dialect = AvroDialect(schema, self._blocks.codec)
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
        source = chain.from_iterable(self._blocks)
        while True:
            records: list[Any] = []
            begin = self._file.tell()
            try:
                while len(records) < self._rows and self._file.tell() - begin < MAX_CHUNK_BYTES:
                    step = list(islice(source, min(_STEP, self._rows - len(records))))
                    if not step:
                        break
                    records += step
            except _FAULTS as error:
                raise _broken(done + len(records), error) from None
            if not records:
                break
            done += len(records)
            yield self.chunk(records)
        # A length cut in its first bytes looks like the end of the file to fastavro.
        if self._at_end_of_block() is False:
            raise _broken(done, EOFError())

    def pieces(self, fields: Fields) -> Iterator[Piece]:
        """The rows in order with their bytes, only these columns of them read where they are plain.

        At least one piece, so that a file without rows has its schema too. Raises NotPlainError, as may a piece, where
        something is wrong with the file.
        """
        if self.schema is None or self.dialect is None:
            return
        self._read = fields.types
        plan = plan_of(self.dialect.schema, self._fields, fields)
        empty = True
        try:
            for blocks in self._batches():
                contents = [block.bytes_.getvalue() for block in blocks]
                walked = walk(contents, [block.num_records for block in blocks], plan.steps) if plan else None
                empty = False
                if plan is None or walked is None:
                    yield from self._parsed(blocks)
                    continue
                for first in range(0, len(walked.ends), self._rows):
                    yield _Walk(self, plan, walked, first, min(first + self._rows, len(walked.ends)))
        except _FAULTS:
            raise NotPlainError from None
        if self._at_end_of_block() is False:
            raise NotPlainError
        if empty:
            yield Parsed(Chunk(self.schema.empty_table(), lines=lines_of([])))

    def _batches(self) -> Iterator[list[Any]]:
        """Blocks with records, as many as are gone through at once."""
        batch: list[Any] = []
        size = 0
        for block in self._blocks:
            if not block.num_records:
                continue
            batch.append(block)
            size += len(block.bytes_.getbuffer())
            if size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _parsed(self, blocks: list[Any]) -> Iterator[Piece]:
        found: list[tuple[Any, bytes]] = []
        for block in blocks:
            stream = block.bytes_
            place, data, begin = stream.tell, stream.getvalue(), 0
            for record in block:
                end = place()
                found.append((record, data[begin:end]))
                begin = end
                if len(found) == self._rows:
                    yield self._piece(found)
                    found = []
        if found:
            yield self._piece(found)

    def _piece(self, found: list[tuple[Any, bytes]]) -> Piece:
        records, lines = zip(*found, strict=True)
        return Parsed(self.chunk(records, lines_of(lines)))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _at_end_of_block(self) -> bool | None:
        sync = self._blocks._header["sync"] if hasattr(self._blocks, "_header") else None
        if not sync:
            return None
        self._file.seek(max(0, self._size - len(sync)))
        return bool(self._file.read() == sync)

    def chunk(self, records: Sequence[dict[str, Any]], lines: pa.Array | None = None) -> Chunk:
        """Records as fastavro reads them; those with text that is no UTF-8 in a column that is read are malformed."""
        try:
            return Chunk(self._table(records), lines=lines)
        except (UnicodeEncodeError, TypeError):
            names = {item.key: item.field.name for item in self._fields}
            read = None if self._read is None else {key for key, name in names.items() if name in self._read}
            plain, found = without_surrogates(records, read)
            named = {row: (names.get(key, key), value) for row, (key, value) in found.items()}
        try:
            return Chunk(self._table(plain), rejected(named) if named else None, lines)
        except (UnicodeEncodeError, TypeError):
            raise ContentError(
                "a list, map or record of the Avro content has text that is not valid UTF-8: the content is damaged, "
                "or its writer put other bytes in it.",
                advice=("If it is damaged, send it again.", "Else give these values the type bytes."),
            ) from None

    def _table(self, records: Sequence[dict[str, Any]]) -> pa.Table:
        """Records as fastavro reads them, as columns."""
        arrays: list[Any] = []
        for item in self._fields:
            values = [record[item.key] for record in records]
            if item.convert is not None:
                values = [apply(item.convert, value) for value in values]
            kind = item.field.type
            if isinstance(kind, pa.JsonType):
                arrays.append(pa.ExtensionArray.from_storage(kind, pa.array(values, pa.string())))
            else:
                try:
                    arrays.append(pa.array(values, kind))
                except (pa.ArrowInvalid, OverflowError):
                    raise ContentError(
                        f"a value of the column {item.field.name!r} does not fit its type in the Avro schema, {kind}.",
                        advice=("Give the column a type that holds all its values, as a decimal a higher precision.",),
                        column=item.field.name,
                    ) from None
        return pa.Table.from_arrays(arrays, schema=self.schema)


class _Walk:
    """Some records whose fields' places are known: a :class:`Piece`."""

    def __init__(self, reader: AvroReader, plan: Plan, walked: Walked, first: int, last: int) -> None:
        self._reader = reader
        self._plan = plan
        self._walked = walked
        self._first, self._last = first, last
        begin = int(walked.ends[first - 1]) if first else 0
        self._offsets = np.concatenate([[begin], walked.ends[first:last]])

    def parse(self) -> Chunk:
        """The columns of the plan, and the records as they stand."""
        table = self._plan.table(self._walked, self._first, self._last)
        if table is None:
            # Text that is no UTF-8, or something is wrong with the file.
            return self.parse_whole()
        return Chunk(table, lines=self._lines(), is_whole=False)

    def parse_whole(self) -> Chunk:
        """All columns."""
        dialect = self._reader.dialect
        schema: Any = fastavro.parse_schema(dict(dialect.schema)) if dialect is not None else None
        data = self._walked.data[self._offsets[0] : self._offsets[-1]].tobytes()
        stream = BytesIO(data)
        try:
            records: list[Any] = [
                fastavro.schemaless_reader(stream, schema, None, handle_unicode_errors=_KEEPS_BYTES)
                for _ in self._offsets[1:]
            ]
        except _FAULTS:
            raise NotPlainError from None
        return self._reader.chunk(records, self._lines())

    def _lines(self) -> pa.Array:
        buffers = [None, pa.py_buffer(self._offsets), pa.py_buffer(self._walked.data)]
        return pa.Array.from_buffers(pa.large_binary(), len(self._offsets) - 1, buffers)


class AvroWriter:
    """An Avro file; every field may be null, but for those of records that pass through as they were read.

    A column whose name Avro does not allow has its invalid characters replaced by ``_`` (with a number if
    that name exists) and its own name in the field's property ``dai.name``, from which :class:`AvroReader`
    restores it. Nanoseconds are cut to microseconds. uint64 is a decimal. What Avro lacks, and JSON text,
    is a string. Blocks are compressed as those of the input were with snappy, zstandard or lz4, and not at all where
    that was another codec: deflate would take most of the time.
    """

    def __init__(self, path: Path, schema: pa.Schema, dialect: AvroDialect | None = None) -> None:
        check_names(schema.names)
        self._schema = schema
        self._dialect = dialect
        self._behind: Behind | None = None
        self._lock = threading.Lock()
        self._out: SchemaOut | None = None
        self._file = path.open("wb")
        self._writer: Writer | None = None

    def encode(self, table: pa.Table, lines: pa.Array | None = None) -> pa.Table | list[Block]:
        """Rows cast to the schema of the file.

        ``lines`` are records as they were read, by the reader whose dialect this has, and then those of all rows: the
        table's columns come behind their fields, and the schema is theirs.
        """
        if lines is not None and self._dialect is not None:
            return self._passing(self._dialect, table.schema).encode(table, lines)
        return conform(table, self._converting().arrow, cut=True)

    def put(self, encoded: pa.Table | list[Block]) -> None:
        """Append rows."""
        writer: Any = self._writer
        if isinstance(encoded, list):
            for block in encoded:
                writer.write_block(block)
            return
        out = self._converting()
        columns = []
        for name, column, one in zip(encoded.column_names, encoded.columns, out.types, strict=True):
            try:
                columns.append(values_of(column, one.convert))
            except (ValueError, OverflowError):
                raise ContentError(
                    f"a value of the column {name!r}, of the type {column.type}, has no place in Avro.",
                    advice=("Take the column out.", "Or set {output_format} to another format."),
                    column=name,
                ) from None
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

    def _passing(self, dialect: AvroDialect, added: pa.Schema) -> Behind:
        with self._lock:
            if self._behind is None:
                self._behind = Behind(dialect.schema, added)
                self._begin(self._behind.schema)
            return self._behind

    def _converting(self) -> SchemaOut:
        with self._lock:
            if self._out is None:
                self._out = SchemaOut(self._schema, nested_json)
                self._begin(self._out.schema)
            return self._out

    def _begin(self, schema: Any) -> None:
        given = self._dialect.codec if self._dialect is not None else "null"
        codec = given if given in _KEPT_CODECS else "null"
        self._writer = Writer(self._file, fastavro.parse_schema(schema), codec=codec)

    def __enter__(self) -> AvroWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _broken(records: int, error: BaseException) -> ContentError:
    if "codec" in str(error):
        return ContentError(
            "the Avro content is compressed with a codec that is not known here.",
            advice=(f"Write it with one of: {', '.join(_CODECS)}.",),
        )
    return ContentError(
        f"the content stops being a valid Avro file after record {records}: it is truncated or damaged, "
        "or of another format.",
        advice=DAMAGED,
    )
