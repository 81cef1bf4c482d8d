"""CSV whose records are lines, cut where the lines end, so that pieces of a file are parsed by several threads.

A quote may hold line ends, and a file is one long string of records from the first quote on: the reader of whole
files takes over there. Almost all files that programs write have none.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, Numbers, Piece
from dai_scoring.formats.csv_pass import Pass, to_chunk
from dai_scoring.formats.csv_sniff import Layout
from dai_scoring.formats.source import HeldText, TextSource, read_at_most
from dai_scoring.numeric import finite_numbers
from dai_scoring.plain_csv import PlainCsv

_LEAST = 1 << 16
_MOST = MAX_CHUNK_BYTES // 4
_LONG = float(1 << 63)
# Of few that are far apart, each is found in less time than numpy looks at all bytes.
_LONG_LINE = 200


class PlainLines:
    """The records at the start of a source that need no more than a look at their bytes to tell them apart."""

    def __init__(
        self, source: TextSource | HeldText, layout: Layout, chunk_rows: int, numbers: Numbers | None, share: int
    ) -> None:
        self._source = source
        self._layout = layout
        self._chunk_rows = chunk_rows
        self._share = share
        self._columns = _Columns(layout, numbers)
        self._end = layout.dialect.line_end.encode()
        self.rows = 0
        """How many records there were."""
        self.size = 0
        """How many bytes they have."""
        self.ended = False
        """Whether nothing comes after them."""

    def pieces(self) -> Iterator[Piece]:
        """The records, in pieces of at most the rows and the bytes of a chunk."""
        block = int(max(min(self._layout.row_bytes * self._chunk_rows, self._share, _MOST), _LEAST))
        # As if the line before the records were there too: each line of a piece is then behind a line end.
        data = self._end
        while self._source.plain:
            added = read_at_most(self._source, block)
            data += added
            if len(data) == len(self._end):
                self.ended = True
                return
            is_last = len(added) < block
            if is_last and not data.endswith(self._end):
                data += self._end
            ends = self._ends(data, data.rfind(b"\n") + 1)
            if ends is None or len(ends) < 2:
                return
            done = yield from self._cut(data, ends, is_last)
            data = data[done - len(self._end) :]

    def _cut(self, data: bytes, ends: npt.NDArray[np.int64], all_of_them: bool) -> Generator[Piece, None, int]:
        """The lines of a block in pieces; few that are left over wait for those of the next. Where it stopped."""
        buffer = pa.py_buffer(data)
        count = len(ends) - 1
        if count > self._chunk_rows and not all_of_them:
            count -= count % self._chunk_rows
        for first in range(0, count, self._chunk_rows):
            group = ends[first : min(first + self._chunk_rows, count) + 1]
            start = int(group[0]) - len(self._end)
            yield CsvPiece(buffer.slice(start, int(group[-1]) - start), group - start, self.rows, self._columns)
            self.rows += len(group) - 1
        done = int(ends[count])
        self.size += done - len(self._end)
        return done

    def _ends(self, data: bytes, size: int) -> npt.NDArray[np.int64] | None:
        """Where the lines end that the first ``size`` bytes are; None where they may not be records."""
        if any(data.find(mark, 0, size) >= 0 for mark in (b'"', b"\0")):
            return None
        ends = self._line_feeds(data, size) + 1
        # A line may end in one way only; blank lines are no records.
        if len(self._end) == 1:
            if data.find(b"\r", 0, size) >= 0:
                return None
        elif data.count(b"\r", 0, size) != len(ends) or data.count(self._end, 0, size) != len(ends):
            return None
        return None if (np.diff(ends) == len(self._end)).any() else ends

    def _line_feeds(self, data: bytes, size: int) -> npt.NDArray[np.int64]:
        if self._layout.row_bytes > _LONG_LINE:
            found = [data.find(b"\n", 0, size)]
            while found[-1] >= 0:
                found.append(data.find(b"\n", found[-1] + 1, size))
            return np.array(found[:-1], np.int64)
        return np.flatnonzero(np.frombuffer(data, np.uint8, size) == ord("\n"))


@dataclass
class _Columns:
    """How the columns of a file are parsed; the same for all of its pieces."""

    layout: Layout
    numbers: Numbers | None
    are_numbers: bool = field(init=False)
    """Whether the numbers are, as far as is known."""

    def __post_init__(self) -> None:
        self.are_numbers = self.numbers is not None and bool(self.numbers.types)


class CsvPiece:
    """Some lines, each a record: a :class:`Piece`.

    ``data`` are the lines, behind the line end before the first; ``ends`` is where that and where each line ends.
    """

    def __init__(self, data: pa.Buffer, ends: npt.NDArray[np.int64], first_row: int, columns: _Columns) -> None:
        self._text = data
        self._data = data.slice(int(ends[0]))
        self._ends = ends
        self._first_row = first_row
        self._columns = columns

    def parse(self) -> Chunk:
        """The rows, numbers as numbers where all of them are."""
        columns = self._columns
        if columns.numbers is not None and columns.are_numbers:
            table = self._parsed(columns.numbers.types, columns.numbers.missing)
            if table is not None and not _are_odd(table, columns.numbers):
                return Chunk(table, lines=self.lines(), is_whole=False)
            # Pieces of one file are of one kind, as a rule: further attempts would be for nothing.
            columns.are_numbers = False
        return self.parse_whole()

    def plain(self) -> PlainCsv:
        """The lines themselves."""
        layout = self._columns.layout
        dialect = layout.dialect
        return PlainCsv(tuple(layout.names), dialect.delimiter, dialect.line_end, self._data, len(self._ends) - 1)

    def parse_whole(self) -> Chunk:
        """The rows, every column as text."""
        table = self._parsed({}, frozenset())
        if table is not None:
            return Chunk(table, lines=self.lines())
        records = Pass(BytesIO(self._data), self._columns.layout, self._data.size + 1024, self._first_row)
        try:
            chunk = to_chunk(pa.concat_tables(list(records.tables())))
        finally:
            records.close()
        return Chunk(chunk.table, chunk.malformed, self.lines())

    def _parsed(self, types: Mapping[str, pa.DataType], missing: frozenset[str]) -> pa.Table | None:
        """The rows, None where one of them is malformed or a value has not its column's type."""
        names = self._columns.layout.names
        # Names of its own: Arrow's converter looks column types up by name.
        keys = [str(index) for index in range(len(names))]
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(self._data),
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=self._data.size + 1, column_names=keys),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self._columns.layout.dialect.delimiter, newlines_in_values=False
                ),
                convert_options=pa_csv.ConvertOptions(
                    check_utf8=False,
                    column_types={key: types.get(name, pa.string()) for key, name in zip(keys, names, strict=True)},
                    null_values=["", *missing],
                ),
            )
        except pa.ArrowInvalid:
            return None
        return table.rename_columns(list(names))

    def lines(self) -> pa.Array:
        """The lines as :attr:`Chunk.lines`, each behind the end of the line before."""
        buffers = [None, pa.py_buffer(self._ends - self._ends[0]), self._text]
        return pa.Array.from_buffers(pa.large_string(), len(self._ends) - 1, buffers)


def _are_odd(table: pa.Table, numbers: Numbers) -> bool:
    """Whether a text that was read as a number is, written another way, one that means a missing value."""
    literals = finite_numbers(numbers.missing)
    for name, kind in numbers.types.items():
        column = table.column(name)
        if pa.types.is_floating(kind):
            if pc.any(pc.is_nan(column)).as_py():
                return True
            alike = literals
        else:
            alike = [literal for literal in literals if literal.is_integer() and abs(literal) < _LONG]
        if alike and pc.any(pc.is_in(column, pa.array(alike, pa.float64()).cast(kind))).as_py():
            return True
    return False
