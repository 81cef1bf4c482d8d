"""Reading CSV: every column is text, and every record is a row, well-formed or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, Dialect, Format, ParsedPiece, Piece
from dai_scoring.formats.csv import record_reader
from dai_scoring.formats.csv.arrow_parser import ArrowParser, RecordTooLongError, to_chunk
from dai_scoring.formats.csv.dialect import Layout, sniff
from dai_scoring.formats.csv.pieces import CsvPieces
from dai_scoring.formats.csv.quote_style import are_escaped, has_backslashes, odd_quotes
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import NumberColumns
from dai_scoring.formats.source import ADVICE, InvalidByteError, TextSource

MIN_BLOCK = 1 << 16
MAX_BLOCK = 1 << 20
LARGEST_BLOCK = 1 << 29
"""The longest record that can be read, in bytes; only files with such records need blocks so large."""
_BACKSLASHES = Declined("quotes have backslashes before them")


class CsvReader:
    """A CSV file with a header line, parsed by Arrow's C++ reader.

    All columns are ``pa.string()``, empty fields are "", blank lines are no records. A record with too
    many or too few fields is a row with those of its fields that have a column, "" in the others, and is
    listed in :attr:`Chunk.malformed` with its text.
    """

    format = Format.CSV

    def __init__(self, path: Path, chunk_rows: int, charset: str = "utf-8", delimiter: str | None = None) -> None:
        self._path = path
        self._chunk_rows = chunk_rows
        self._charset = charset
        self._layout = sniff(path, charset, delimiter)
        self.dialect: Dialect | None = None
        self.schema: pa.Schema | None = None
        if self._layout is not None and self._is_escaped(self._layout):
            self._layout = replace(self._layout, dialect=replace(self._layout.dialect, escape="\\"))
        if self._layout is not None:
            self.dialect = self._layout.dialect
            self.schema = pa.schema([pa.field(name, pa.string()) for name in self._layout.names])
        self._pass: ArrowParser | None = None

    def chunks(self) -> Iterator[Chunk]:
        """The rows in order; none for a file without records."""
        if self._layout is not None:
            for parsed in self._parsed(self._layout, self._layout.start, 0):
                yield parsed.chunk

    def pieces(self, numbers: NumberColumns | None = None, parts: int = 1) -> Iterator[Piece]:
        """The rows in order, parsed where the pieces are, as far as a look at their bytes can tell them apart."""
        if self._layout is None:
            return
        source = _records_of(self._path, self._charset, self._layout.start)
        lines = CsvPieces(source, self._layout, self._chunk_rows, numbers, self._path.stat().st_size // parts)
        try:
            yield from lines.pieces()
        except InvalidByteError as error:
            raise self._said(error, self._layout) from None
        finally:
            source.close()
        if lines.rest is not None:
            yield from self._parsed(self._layout, self._layout.start + lines.size, lines.rows, lines.rest)

    def _parsed(self, layout: Layout, start: int, first_row: int, *declined: Declined) -> Iterator[ParsedPiece]:
        """The rows from a byte on; ``declined`` is why they are not cut into pieces."""
        odd = self._odd_quotes(layout, start)
        found = self._chunks(layout, start, first_row) if odd is None else self._carefully(start, first_row)
        for chunk in found:
            yield ParsedPiece(chunk, declined if odd is None else (*declined, odd))

    def _chunks(self, layout: Layout, start: int, first_row: int) -> Iterator[Chunk]:
        waiting: list[pa.Table] = []
        rows = size = 0
        for table in self._tables(layout, start, first_row):
            waiting.append(table)
            rows += table.num_rows
            size += table.nbytes
            if rows >= self._chunk_rows or size >= MAX_CHUNK_BYTES:
                joined = pa.concat_tables(waiting)
                while joined.num_rows >= self._chunk_rows or (joined.num_rows and size >= MAX_CHUNK_BYTES):
                    yield to_chunk(joined.slice(0, self._chunk_rows))
                    joined = joined.slice(self._chunk_rows)
                waiting, rows, size = [joined], joined.num_rows, joined.nbytes
        if rows:
            yield to_chunk(pa.concat_tables(waiting))

    def _is_escaped(self, layout: Layout) -> bool:
        sources = [_records_of(self._path, self._charset, layout.start, check=False) for _ in range(2)]
        try:
            with self._path.open("rb") as file:
                # Text of a file in UTF-8 is not copied for that.
                found = has_backslashes(file if sources[0].is_utf8 else sources[0])
            return found and are_escaped(sources[1], layout.dialect.delimiter, len(layout.names))
        finally:
            for source in sources:
                source.close()

    def _odd_quotes(self, layout: Layout, start: int) -> Declined | None:
        """Why Arrow's reader would misread the quotes that are from ``start`` on; None if it reads them right."""
        if layout.dialect.escape is not None:
            return _BACKSLASHES
        source = _records_of(self._path, self._charset, start, check=False)
        try:
            return odd_quotes(source, layout.dialect.delimiter)
        finally:
            source.close()

    def _carefully(self, start: int, first_row: int) -> Iterator[Chunk]:
        layout = self._layout
        if layout is None:
            return
        source = _records_of(self._path, self._charset, start)
        try:
            yield from record_reader.chunks(source, layout, self._chunk_rows, first_row)
        except InvalidByteError as error:
            raise ContentError(error.describe(f"line {error.line}"), advice=ADVICE) from None
        finally:
            source.close()

    def close(self) -> None:
        """Close the file."""
        if self._pass is not None:
            self._pass.close()
            self._pass = None

    def _tables(self, layout: Layout, start: int, first_row: int) -> Iterator[pa.Table]:
        """The rows, with the text of malformed ones in a last column that is null for the others."""
        block = int(min(max(layout.row_bytes * self._chunk_rows, MIN_BLOCK), MAX_BLOCK))
        done = 0
        while True:
            self._pass = ArrowParser(_records_of(self._path, self._charset, start), layout, block, first_row)
            seen = 0
            try:
                for table in self._pass.tables():
                    fresh = table.slice(max(0, done - seen))
                    seen += table.num_rows
                    if fresh.num_rows:
                        done += fresh.num_rows
                        yield fresh
                return
            except RecordTooLongError:
                # Arrow cannot continue with larger blocks where it stopped, so the file is read anew and
                # the rows that were given are skipped: rare, and parsing is cheap compared with scoring.
                block *= 4
                if block > LARGEST_BLOCK:
                    raise ContentError(
                        f"row {first_row + done + 1} or one soon after it is longer than {LARGEST_BLOCK >> 20} MiB.",
                        advice=('Look for a quote (") there that is never closed.',),
                        row=first_row + done + 1,
                    ) from None
            except InvalidByteError as error:
                raise self._said(error, layout) from None
            finally:
                self.close()

    def _said(self, error: InvalidByteError, layout: Layout) -> ContentError:
        return ContentError(error.describe(_place(self._path, self._charset, layout, error)), advice=ADVICE)


def _records_of(path: Path, charset: str, start: int, *, check: bool = True) -> TextSource:
    source = TextSource(path, charset, check=check)
    source.skip(start)
    return source


def _place(path: Path, charset: str, layout: Layout, error: InvalidByteError) -> str:
    """Row and column of an invalid byte, found by parsing the file up to it."""
    if error.charset != "utf-8":
        return f"line {error.line}"  # offsets in the file are not offsets in the parsed text
    source = _records_of(path, charset, layout.start)
    part = ArrowParser(source, layout, LARGEST_BLOCK // 8, limit=error.offset - layout.start)
    try:
        for _ in part.tables():
            pass
    except RecordTooLongError:
        return f"line {error.line}"
    except ContentError:
        pass  # the byte is within quotes, which therefore do not end
    finally:
        part.close()
    index = min(part.last_fields, len(layout.names)) - 1
    # By its number: where CSV has no header, the names are values of a row.
    return f"row {part.row}, column {index + 1}"
