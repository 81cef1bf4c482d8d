"""Reading CSV: every column is text, and every record is a row, well-formed or not."""

from __future__ import annotations

import csv
import uuid
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, Dialect, Format, malformed_table
from dai_scoring.formats.csv_sniff import Layout, sniff
from dai_scoring.formats.source import InvalidByteError, TextSource

MIN_BLOCK = 1 << 16
MAX_BLOCK = 1 << 20
LARGEST_BLOCK = 1 << 29
"""The longest record that can be read, in bytes; only files with such records need blocks so large."""


_NUL = "\ufdd0"
"""Stands for NUL while Arrow parses: with NUL bytes it cuts blocks within quotes, and so loses data.

Unicode keeps this code point for such internal use; it is no character that a file may exchange.
"""


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
        if self._layout is not None:
            self.dialect = self._layout.dialect
            self.schema = pa.schema([pa.field(name, pa.string()) for name in self._layout.names])
        self._pass: _Pass | None = None

    def chunks(self) -> Iterator[Chunk]:
        """The rows in order; none for a file without records."""
        if self._layout is None:
            return
        waiting: list[pa.Table] = []
        rows = size = 0
        for table in self._tables(self._layout):
            waiting.append(table)
            rows += table.num_rows
            size += table.nbytes
            if rows >= self._chunk_rows or size >= MAX_CHUNK_BYTES:
                joined = pa.concat_tables(waiting)
                while joined.num_rows >= self._chunk_rows or (joined.num_rows and size >= MAX_CHUNK_BYTES):
                    yield self._chunk(joined.slice(0, self._chunk_rows))
                    joined = joined.slice(self._chunk_rows)
                waiting, rows, size = [joined], joined.num_rows, joined.nbytes
        if rows:
            yield self._chunk(pa.concat_tables(waiting))

    def close(self) -> None:
        """Let go of the file."""
        if self._pass is not None:
            self._pass.close()
            self._pass = None

    def _chunk(self, table: pa.Table) -> Chunk:
        texts = table.column(table.num_columns - 1)
        table = table.select(range(table.num_columns - 1))
        if texts.null_count == len(texts):
            return Chunk(table)
        rows = np.flatnonzero(texts.is_valid().to_numpy())
        values: list[Any] = texts.drop_null().to_pylist()
        return Chunk(table, malformed_table(rows.tolist(), values))

    def _tables(self, layout: Layout) -> Iterator[pa.Table]:
        """The rows, with the text of malformed ones in a last column that is null for the others."""
        block = int(min(max(layout.row_bytes * self._chunk_rows, MIN_BLOCK), MAX_BLOCK))
        done = 0
        while True:
            self._pass = _Pass(self._path, self._charset, layout, block)
            seen = 0
            try:
                for table in self._pass.tables():
                    fresh = table.slice(max(0, done - seen))
                    seen += table.num_rows
                    if fresh.num_rows:
                        done += fresh.num_rows
                        yield fresh
                return
            except _RecordTooLongError:
                # Arrow cannot continue with larger blocks where it stopped, so the file is read anew and
                # the rows that were given are skipped: rare, and parsing is cheap beside scoring.
                block *= 4
                if block > LARGEST_BLOCK:
                    raise ContentError(
                        f"row {done + 1} or one soon after it is longer than {LARGEST_BLOCK >> 20} MiB. "
                        'Look for a quote (") there that is never closed.'
                    ) from None
            except InvalidByteError as error:
                place = _place(self._path, self._charset, layout, error)
                raise ContentError(error.describe(place)) from None
            finally:
                self.close()


class _RecordTooLongError(Exception):
    """A record is longer than a block."""


class _Body:
    """The records' bytes, up to ``limit`` of them, followed by one record that marks the end.

    Arrow takes the end of the file for the end of a quoted field. If the mark does not come out as the
    last row of its own, then a quote swallowed it, and the file stops within a field.
    """

    def __init__(self, source: TextSource, mark: bytes, limit: int | None) -> None:
        self._source, self._mark, self._left = source, mark, limit
        self._held = b""
        self.has_nul = False
        self.error: InvalidByteError | None = None

    @property
    def closed(self) -> bool:
        return self._source.closed

    def close(self) -> None:
        self._source.close()

    def read(self, size: int) -> bytes:
        data, self._held = self._held, b""
        # Full blocks, because a record that touches three blocks is an error to Arrow.
        while len(data) < size and (more := self._next(size - len(data))):
            data += more
        if len(data) < size:
            data, self._mark = data + self._mark, b""
        # Arrow drops a line feed at the start of a block if the block before ended with a carriage return,
        # even within quotes, where it is data. So no block ends with one.
        if len(data) > 1 and data.endswith(b"\r"):
            data, self._held = data[:-1], b"\r"
        if b"\0" in data:
            self.has_nul = True
            data = data.replace(b"\0", _NUL.encode())
        return data

    def _next(self, size: int) -> bytes:
        if self._left is not None:
            size = min(size, self._left)
        try:
            data = self._source.read(size) if size else b""
        except InvalidByteError as error:
            self.error = error
            raise
        if self._left is not None:
            self._left -= len(data)
        return data


class _Pass:
    """One run of Arrow's reader over the file."""

    def __init__(self, path: Path, charset: str, layout: Layout, block: int, limit: int | None = None) -> None:
        self._layout = layout
        self._bad: deque[tuple[int, int, str]] = deque()
        self.row = 0
        self._mark = uuid.uuid4().hex
        source = TextSource(path, charset)
        source.skip(layout.start)
        delimiter = layout.dialect.delimiter
        mark = "\n" + self._mark + delimiter * (len(layout.names) - 1) + "\n"
        if limit is not None:
            mark = "x" + mark  # stands for the byte at the limit, so that its field exists
        self._body: Any = _Body(source, mark.encode(), limit)
        self._block = block
        # Names of its own: Arrow's converter looks column types up by name.
        self._keys = [str(index) for index in range(len(layout.names))]
        self._reader: Any = None
        self.last_fields = 0

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._body.close()

    def tables(self) -> Iterator[pa.Table]:
        """All rows in blocks as they come, malformed ones in their places."""
        ended = False
        try:
            self._reader = pa_csv.open_csv(
                self._body,
                # Threads would cost the row numbers of malformed records, and gain nothing measurable.
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=self._block, column_names=self._keys),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self._layout.dialect.delimiter,
                    newlines_in_values=True,
                    invalid_row_handler=self._on_bad_row,
                ),
                convert_options=pa_csv.ConvertOptions(
                    check_utf8=False, column_types={key: pa.string() for key in self._keys}
                ),
            )
            for batch in self._reader:
                table = pa.Table.from_batches([batch])
                if table.num_rows and self._is_mark(table):
                    table, ended = table.slice(0, table.num_rows - 1), True
                yield self._merged(table)
        except (pa.ArrowInvalid, OSError, ContentError) as error:
            if self._body.error is not None:
                raise self._body.error from None
            if isinstance(error, ContentError):
                raise
            if "straddling" in str(error):
                raise _RecordTooLongError from None
            # Arrow's messages quote the data.
            raise ContentError(f"row {self.row + 1} or one soon after it cannot be parsed as CSV.") from None
        if not ended:
            raise ContentError(
                f'row {self.row} has a quote (") that is never closed: the file is truncated, '
                "or the quote should be doubled."
            )

    def _is_mark(self, table: pa.Table) -> bool:
        last = [column[-1].as_py() for column in table.columns]
        return bool(last[0] == self._mark and not any(last[1:]))

    def _on_bad_row(self, row: Any) -> Literal["skip"]:
        text = row.text.replace(_NUL, "\0") if self._body.has_nul else row.text
        self._bad.append((row.number - 1, row.actual_columns, text))
        return "skip"

    def _merged(self, good: pa.Table) -> pa.Table:
        """``good`` and the malformed rows among them, in the order of the file."""
        bad: list[tuple[int, int, str]] = []
        while self._bad and self._bad[0][0] <= self.row + good.num_rows + len(bad):
            bad.append(self._bad.popleft())
        names = [*self._layout.names, ""]
        self.row += good.num_rows + len(bad)
        columns: list[Any] = good.columns
        if self._body.has_nul:
            columns = [pc.replace_substring(column, _NUL, "\0") for column in columns]
        columns.append(pa.nulls(good.num_rows, pa.string()))
        if good.num_rows or bad:
            ends_bad = bool(bad) and bad[-1][0] == self.row - 1
            self.last_fields = bad[-1][1] if ends_bad else len(self._keys)
        if not bad:
            return pa.Table.from_arrays(columns, names=names)
        fields = [_fields(text, self._layout) for _, _, text in bad]
        texts = [text for _, _, text in bad]
        added: list[Any] = [pa.array(column, pa.string()) for column in [*zip(*fields, strict=True), texts]]
        both = pa.concat_tables([pa.Table.from_arrays(columns, names=names), pa.Table.from_arrays(added, names=names)])
        total = both.num_rows
        is_bad = np.zeros(total, bool)
        is_bad[[number - (self.row - total) for number, _, _ in bad]] = True
        order = np.empty(total, np.int64)
        order[~is_bad] = np.arange(good.num_rows)
        order[is_bad] = np.arange(good.num_rows, total)
        return both.take(order)


def _fields(text: str, layout: Layout) -> list[str]:
    """The fields of a malformed record, one for each column."""
    try:
        found = next(csv.reader([text], delimiter=layout.dialect.delimiter), [])
    except csv.Error:
        found = text.split(layout.dialect.delimiter)
    width = len(layout.names)
    return (found + [""] * width)[:width]


def _place(path: Path, charset: str, layout: Layout, error: InvalidByteError) -> str:
    """Row and column of an invalid byte, found by parsing the file up to it."""
    if error.charset != "utf-8":
        return f"line {error.line}"  # offsets in the file are not offsets in the parsed text
    part = _Pass(path, charset, layout, LARGEST_BLOCK // 8, error.offset - layout.start)
    try:
        for _ in part.tables():
            pass
    except _RecordTooLongError:
        return f"line {error.line}"
    except ContentError:
        pass  # the byte is within quotes, which therefore do not end
    finally:
        part.close()
    index = min(part.last_fields, len(layout.names)) - 1
    return f"row {part.row}, column {layout.names[index][:40]!r}"
