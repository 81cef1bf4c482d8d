"""Avro object container files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.formats.avro.appended_fields import lines_of
from dai_scoring.formats.avro.columns import plan_of
from dai_scoring.formats.avro.container import FAULTS, blocks_of, head_of
from dai_scoring.formats.avro.pieces import DAMAGED_FILE, BlocksPiece, WalkedPiece, records_of, walked
from dai_scoring.formats.avro.schema import FieldIn, fields_in
from dai_scoring.formats.avro.table import table_of
from dai_scoring.formats.base import MAX_CHUNK_BYTES, AvroDialect, Chunk, Format, ParsedPiece, Piece
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import WantedFields
from dai_scoring.formats.source import DAMAGED
from dai_scoring.formats.text import nested_json

_CODECS = ("null", "deflate", "snappy", "zstandard", "lz4", "bzip2", "xz")
_STEP = 1000
_BATCH_BYTES = 4 << 20
_LEAST_BYTES = 1 << 16


class AvroReader:
    """An Avro file as columns typed by its schema.

    Enumerations and UUIDs are strings; records, arrays and maps are struct, list and map. A union of
    several types in addition to null, or a type that holds itself, is JSON text (``arrow.json``).
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
        self._underlying: Any = None
        self._sync = b""
        # The columns that are read where records pass as they stand; None is all.
        self._read: Collection[str] | None = None
        if not self._size:
            return
        try:
            head = head_of(self._file)
            self._fields, self._underlying = fields_in(head.schema, nested_json)
            self._blocks = blocks_of(self._file, head, self._underlying)
            self._sync = head.sync
            self.schema = pa.schema([item.field for item in self._fields])
            self.dialect = AvroDialect(head.schema, self._blocks.codec)
        except FAULTS as error:
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
            except FAULTS as error:
                raise _broken(done + len(records), error) from None
            if not records:
                break
            done += len(records)
            yield self.chunk(records)
        # A length cut in its first bytes looks like the end of the file to fastavro.
        if not self._is_at_end_of_block():
            raise _broken(done, EOFError())

    def pieces(self, fields: WantedFields, parts: int = 1, *, as_records: bool = False) -> Iterator[Piece | Declined]:
        """The rows in order with their bytes, only these columns of them read where that is possible.

        ``as_records`` is for a runtime that reads the records itself; then there are at least so many ``parts``, unless
        they were very small. At least one piece, so that a file without rows has its schema too. Declined, at last,
        where something is wrong with the file.
        """
        if self.schema is None or self.dialect is None:
            return
        self._read = fields.types
        plan = plan_of(self.dialect.schema, self._fields, fields)
        empty = True
        try:
            batches = self._batches(_BATCH_BYTES)
            if as_records:
                batches = self._batches(max(_LEAST_BYTES, min(self._size // parts, _BATCH_BYTES)), self._rows)
            for blocks in batches:
                empty = False
                if isinstance(plan, Declined):
                    yield from self._parsed(blocks, plan)
                    continue
                if as_records and sum(block.num_records for block in blocks) <= self._rows:
                    yield BlocksPiece(self, plan, blocks)
                    continue
                found = walked(blocks, plan)
                if isinstance(found, Declined):
                    yield from self._parsed(blocks, found)
                    continue
                for first in range(0, len(found.ends), self._rows):
                    yield WalkedPiece(self, plan, found, first, min(first + self._rows, len(found.ends)))
        except FAULTS:
            yield DAMAGED_FILE
            return
        if not self._is_at_end_of_block():
            yield DAMAGED_FILE
        elif empty:
            yield ParsedPiece(Chunk(self.schema.empty_table(), lines=lines_of([])))

    def _batches(self, most_bytes: int, most_rows: int | None = None) -> Iterator[list[Any]]:
        """Blocks with records, as many as are gone through at once: until there are so many bytes or records."""
        batch: list[Any] = []
        size = rows = 0
        for block in self._blocks:
            if not block.num_records:
                continue
            if batch and most_rows is not None and rows + block.num_records > most_rows:
                yield batch
                batch, size, rows = [], 0, 0
            batch.append(block)
            size += len(block.bytes_.getbuffer())
            rows += block.num_records
            if size >= most_bytes:
                yield batch
                batch, size, rows = [], 0, 0
        if batch:
            yield batch

    def _parsed(self, blocks: list[Any], declined: Declined) -> Iterator[Piece]:
        found = records_of(blocks)
        while records := list(islice(found, self._rows)):
            yield ParsedPiece(self.chunk_of(records), (declined,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def underlying(self) -> Any:
        """The schema, as fastavro parses it, to read records with one by one."""
        return fastavro.parse_schema(self._underlying)

    def _is_at_end_of_block(self) -> bool:
        self._file.seek(max(0, self._size - len(self._sync)))
        return bool(self._file.read() == self._sync)

    def chunk_of(self, found: Sequence[tuple[dict[str, Any], bytes]]) -> Chunk:
        """The same of at least one record, each with its bytes."""
        records, lines = zip(*found, strict=True)
        return self.chunk(records, lines_of(lines))

    def chunk(self, records: Sequence[dict[str, Any]], lines: pa.Array | None = None) -> Chunk:
        """Records as fastavro reads them; malformed if a value does not fit the type of its column."""
        table, malformed = table_of(records, self._fields, self._read)
        return Chunk(table, malformed, lines)


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
