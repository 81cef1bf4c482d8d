"""Record files, read and written in chunks of Arrow; memory is bounded by the chunk, whatever the size.

Each format has modules of its own; callers need only what this package exports.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from dai_scoring.errors import OptionError
from dai_scoring.formats.base import (
    MALFORMED_ROW,
    AnyDialect,
    AvroDialect,
    Chunk,
    Dialect,
    Encoded,
    Format,
    JsonDialect,
    Lines,
    ParsedPiece,
    Piece,
    RecordReader,
    RecordsPiece,
    RecordWriter,
    is_json_text,
)
from dai_scoring.formats.columnar.row_groups import GroupRows
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.detect import charset_of, detect
from dai_scoring.formats.records import NumberColumns, WantedColumns, WantedFields, WantedGroups

__all__ = [
    "MALFORMED_ROW",
    "AnyDialect",
    "AvroDialect",
    "Chunk",
    "Declined",
    "Dialect",
    "Encoded",
    "Format",
    "GroupRows",
    "Lines",
    "NumberColumns",
    "ParsedPiece",
    "Piece",
    "RecordReader",
    "RecordWriter",
    "RecordsPiece",
    "WantedColumns",
    "WantedFields",
    "WantedGroups",
    "charset_of",
    "chunks",
    "detect",
    "is_json_text",
    "open_reader",
    "open_writer",
    "pieces",
]


def open_reader(
    path: Path,
    format: Format,  # noqa: A002 - the word that everyone uses for it
    *,
    chunk_rows: int,
    charset: str = "utf-8",
    delimiter: str | None = None,
    fixed_schema: bool = False,
    texts: bool = False,
) -> RecordReader:
    """Open a file of records for reading in chunks of at most ``chunk_rows`` rows, fewer if rows are large.

    ``charset`` is the encoding of CSV and JSON. ``delimiter`` is that of CSV; None finds it out.
    ``fixed_schema`` gives all chunks of JSON the same columns, for writing to a format that needs that
    (:attr:`Format.needs_fixed_schema`); it reads the file twice. All other formats have one schema anyway. ``texts`` is
    for JSON with such columns: its chunks have their lines then too.
    Raises ContentError, here or while reading.
    """
    if chunk_rows < 1:
        raise OptionError("a chunk must have at least 1 row.")
    # Imported where needed: the libraries of the other formats take time and memory to load.
    if format is Format.CSV:
        from dai_scoring.formats.csv.reader import CsvReader

        return CsvReader(path, chunk_rows, charset, delimiter)
    if format in (Format.JSON_ARRAY, Format.JSON_LINES):
        from dai_scoring.formats.json.reader import JsonReader

        return JsonReader(path, format, chunk_rows, charset, fixed_schema=fixed_schema, texts=texts)
    if format is Format.AVRO:
        from dai_scoring.formats.avro.reader import AvroReader

        return AvroReader(path, chunk_rows)
    if format is Format.PARQUET:
        from dai_scoring.formats.columnar.parquet import ParquetReader

        return ParquetReader(path, chunk_rows)
    from dai_scoring.formats.columnar.arrow_ipc import ArrowReader

    return ArrowReader(path, format, chunk_rows)


def pieces(
    reader: RecordReader, wanted: WantedColumns | None = None, parts: int = 1, *, as_records: bool = False
) -> Iterator[Piece | Declined]:
    """What a reader reads, in pieces that can be parsed apart from each other, where its format allows that.

    ``wanted`` are for CSV the columns that may be numbers, for JSON and Avro the columns that are enough, for Parquet
    whole row groups. ``parts`` is how many pieces there should be at least, unless they were very small. ``as_records``
    is for a runtime that may read the records of a :class:`RecordsPiece` itself. Where one of the pieces is Declined,
    the file is not what it was taken for: the reader of whole files has to read it from its start.
    """
    if reader.format is Format.CSV and (wanted is None or isinstance(wanted, NumberColumns)):
        from dai_scoring.formats.csv.reader import CsvReader

        if isinstance(reader, CsvReader):
            return reader.pieces(wanted, parts)
    if isinstance(wanted, WantedFields):
        from dai_scoring.formats.json.reader import JsonReader

        if isinstance(reader, JsonReader):
            return reader.pieces(wanted, parts)
    if isinstance(wanted, WantedFields) and reader.format is Format.AVRO:
        from dai_scoring.formats.avro.reader import AvroReader

        if isinstance(reader, AvroReader):
            return reader.pieces(wanted, parts, as_records=as_records)
    if isinstance(wanted, WantedGroups) and reader.format is Format.PARQUET:
        from dai_scoring.formats.columnar.parquet import ParquetReader

        if isinstance(reader, ParquetReader):
            return reader.pieces(parts)
    return chunks(reader, parts)


def chunks(reader: RecordReader, parts: int = 1) -> Iterator[ParsedPiece]:
    """What a reader reads, in its order; ``parts`` is as for :func:`pieces`, and counts for Arrow's record batches."""
    if reader.format in (Format.ARROW_FILE, Format.ARROW_STREAM):
        from dai_scoring.formats.columnar.arrow_ipc import ArrowReader

        if isinstance(reader, ArrowReader):
            return map(ParsedPiece, reader.chunks(parts))
    return map(ParsedPiece, reader.chunks())


def open_writer(
    path: Path,
    format: Format,  # noqa: A002 - the word that everyone uses for it
    schema: pa.Schema,
    *,
    dialect: AnyDialect | None = None,
) -> RecordWriter:
    """Open a file of records for writing; ``dialect`` is how to write CSV, of which schema lines of Avro
    are, and that JSON is one object.

    Tables written to Avro, Parquet and Arrow are cast to ``schema``; CSV takes its columns from it; JSON
    takes the columns of each table as they come.
    """
    if format is Format.CSV:
        from dai_scoring.formats.csv.writer import CsvWriter

        return CsvWriter(path, schema, dialect if isinstance(dialect, Dialect) else None)
    if format in (Format.JSON_ARRAY, Format.JSON_LINES):
        from dai_scoring.formats.json.writer import JsonWriter

        return JsonWriter(path, format, is_object=isinstance(dialect, JsonDialect))
    if format is Format.AVRO:
        from dai_scoring.formats.avro.writer import AvroWriter

        return AvroWriter(path, schema, dialect if isinstance(dialect, AvroDialect) else None)
    if format is Format.PARQUET:
        from dai_scoring.formats.columnar.parquet import ParquetWriter

        return ParquetWriter(path, schema)
    from dai_scoring.formats.columnar.arrow_ipc import ArrowWriter

    return ArrowWriter(path, format, schema)
