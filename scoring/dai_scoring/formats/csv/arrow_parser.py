"""One run of Arrow's CSV reader over some records, well-formed or not."""

from __future__ import annotations

import csv
import uuid
from collections import deque
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import Chunk, malformed_table
from dai_scoring.formats.csv.dialect import Layout
from dai_scoring.formats.source import QUOTE, InvalidByteError, TextSource

_NUL = "\ufdd0"
"""Stands for NUL while Arrow parses: with NUL bytes it cuts blocks within quotes, and so loses data.

Unicode keeps this code point for such internal use; it is no character that a file may exchange.
"""


class RecordTooLongError(Exception):
    """A record is longer than a block."""


class _Body:
    """The records' bytes, up to ``limit`` of them, followed by one record that marks the end.

    Arrow takes the end of the file for the end of a quoted field. If the mark does not come out as the
    last row of its own, then a quote swallowed it, and the file stops within a field.
    """

    def __init__(self, source: TextSource | BytesIO, mark: bytes, limit: int | None) -> None:
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


class ArrowParser:
    """One run of Arrow's reader over a source that stands where records start; ``first_row`` is that of the first."""

    def __init__(
        self, source: TextSource | BytesIO, layout: Layout, block: int, first_row: int = 0, limit: int | None = None
    ) -> None:
        self._layout = layout
        self._bad: deque[tuple[int, int, str]] = deque()
        self._first_row = self.row = first_row
        self._mark = uuid.uuid4().hex
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
        """Release the source."""
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
                raise RecordTooLongError from None
            # Arrow's messages quote the data.
            raise ContentError(
                f"row {self.row + 1} or one soon after it cannot be parsed as CSV.",
                advice=("Look at its quotes.",),
                row=self.row + 1,
            ) from None
        if not ended:
            raise ContentError(
                f'row {self.row + len(self._bad)} has a quote (") that is never closed.',
                advice=QUOTE,
                row=self.row + len(self._bad),
            )

    def _is_mark(self, table: pa.Table) -> bool:
        last = [column[-1].as_py() for column in table.columns]
        return bool(last[0] == self._mark and not any(last[1:]))

    def _on_bad_row(self, row: Any) -> Literal["skip"]:
        text = row.text.replace(_NUL, "\0") if self._body.has_nul else row.text
        self._bad.append((self._first_row + row.number - 1, row.actual_columns, text))
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


def to_chunk(table: pa.Table) -> Chunk:
    """Rows as :meth:`ArrowParser.tables` gives them, the malformed ones listed."""
    texts = table.column(table.num_columns - 1)
    table = table.select(range(table.num_columns - 1))
    if texts.null_count == len(texts):
        return Chunk(table)
    rows = np.flatnonzero(texts.is_valid().to_numpy())
    values: list[Any] = texts.drop_null().to_pylist()
    return Chunk(table, malformed_table(rows.tolist(), values))
