"""CSV cut into pieces where records end, so that several threads parse a file.

A look at the bytes beside the quotes tells which line ends are within quotes. Where a quote breaks the rules, some
records are cut one by one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, Numbers, Parsed, Piece, malformed_table
from dai_scoring.formats.csv import record_reader
from dai_scoring.formats.csv.arrow_parser import Pass, to_chunk
from dai_scoring.formats.csv.dialect import Layout
from dai_scoring.formats.csv.quote_positions import marks_of, with_doubled_quotes
from dai_scoring.formats.csv.record_cutter import Record, RecordCutter, Unclosed
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.source import HeldText, TextSource, read_at_most
from dai_scoring.plain_csv import PlainCsv
from dai_scoring.values.numbers import finite_numbers

_LEAST = 1 << 16
_MOST = MAX_CHUNK_BYTES // 4
_LONG = float(1 << 63)
# Of few that are far apart, each is found in less time than numpy looks at all bytes.
_LONG_LINE = 200
_ONE_BY_ONE = 16
"""So many records are cut one by one from the first quote in a block that breaks the rules."""

_OTHER_CHARSET = Declined("the text is not in UTF-8")
_NUL = Declined("there is a NUL among the text")
_LINE_ENDS = Declined("lines end in different ways")
_BLANK_LINE = Declined("there is a blank line among the records")
_BROKEN_QUOTE = Declined("a quote breaks the rules")
_LONG_RECORD = Declined("a record goes on behind the text that is looked at, or a quote is never closed")
_NO_NUMBERS = Declined("no columns are wanted as numbers")
_NOT_NUMBERS = Declined("a value is not the number that its column holds, or a record is malformed")
_LIKE_LITERAL = Declined("a number may mean a missing value, as written otherwise")


class CsvPieces:
    """The records at the start of a source that need no more than a look at their bytes to tell them apart."""

    def __init__(
        self, source: TextSource | HeldText, layout: Layout, chunk_rows: int, numbers: Numbers | None, share: int
    ) -> None:
        self._source = source
        self._layout = layout
        self._chunk_rows = chunk_rows
        self._share = share
        self._numbers = numbers
        self._end = layout.dialect.line_end.encode()
        self.rows = 0
        """How many records there were."""
        self.size = 0
        """How many bytes they have."""
        self.rest: Declined | None = None
        """Why the records behind these have to be read another way; None if there are no others."""

    def pieces(self) -> Iterator[Piece]:
        """The records, in pieces of at most the rows and the bytes of a chunk."""
        block = int(max(min(self._layout.row_bytes * self._chunk_rows, self._share, _MOST), _LEAST))
        # As if the line before the records were there too: each line of a piece is then behind a line end.
        data = self._end
        while self._source.plain:
            added = read_at_most(self._source, block)
            data += added
            if len(data) == len(self._end):
                return
            is_last = len(added) < block
            if is_last and not data.endswith(self._end):
                data += self._end
            before = self.size
            data, found = yield from self._of_block(data, is_last)
            if self.size == before:
                self.rest = found or _LONG_RECORD
                return
        self.rest = _OTHER_CHARSET

    def _of_block(self, data: bytes, is_last: bool) -> Generator[Piece, None, tuple[bytes, Declined | None]]:
        """The records of some text; what is left of it, behind a line end, and why if a look does not tell."""
        one_by_one = _ONE_BY_ONE
        while True:
            cut = self._cut(data, data.rfind(b"\n") + 1)
            if isinstance(cut, Declined):
                return data, cut
            if len(cut.ends) > 1:
                done = yield from self._grouped(data, cut, is_last or cut.is_broken)
                data = data[done - len(self._end) :]
            if not cut.is_broken:
                return data, None
            records, done = self._carefully(data, one_by_one, is_last)
            if not records:
                return data, _BROKEN_QUOTE
            yield Parsed(record_reader.chunk_of(records, self._layout), (_BROKEN_QUOTE, _BROKEN_QUOTE))
            self.rows += len(records)
            self.size += done - len(self._end)
            data = self._end + data[done:]
            # Where many quotes are wrong, looks at what is behind each would be for nothing.
            one_by_one *= 2

    def _grouped(self, data: bytes, cut: _Cut, all_of_them: bool) -> Generator[Piece, None, int]:
        """The records of a block in pieces; few that are left over wait for those of the next. Where it stopped."""
        buffer = pa.py_buffer(data)
        ends = cut.ends
        count = len(ends) - 1
        if count > self._chunk_rows and not all_of_them:
            count -= count % self._chunk_rows
        for first in range(0, count, self._chunk_rows):
            group = ends[first : min(first + self._chunk_rows, count) + 1]
            start = int(group[0]) - len(self._end)
            text = buffer.slice(start, int(group[-1]) - start)
            yield CsvPiece(text, group - start, self.rows, self._layout, self._numbers, quoted=cut.quoted)
            self.rows += len(group) - 1
        done = int(ends[count])
        self.size += done - len(self._end)
        return done

    def _carefully(self, data: bytes, count: int, is_last: bool) -> tuple[list[Record], int]:
        """The next records, at most so many, cut one by one, and where they end; none where that takes more text."""
        dialect = self._layout.dialect
        cutter = RecordCutter(dialect.delimiter, escape=dialect.escape is not None)
        records: list[Record] = []
        done = len(self._end)
        while len(records) < count and done < len(data):
            found, end = cutter.next(data, done)
            if isinstance(found, Unclosed) or (end >= len(data) and not is_last):
                break
            if found is not None:
                records.append(found)
            done = end
        return records, done

    def _cut(self, data: bytes, size: int) -> _Cut | Declined:
        """Where the records end in the first ``size`` bytes, which end with a line."""
        if data.find(b"\0", 0, size) >= 0:
            return _NUL
        if data.find(b'"', 0, size) >= 0:
            return self._quoted(np.frombuffer(data, np.uint8, size))
        ends = self._line_feeds(data, size) + 1
        # A line may end in one way only; blank lines are no records.
        if len(self._end) == 1:
            if data.find(b"\r", 0, size) >= 0:
                return _LINE_ENDS
        elif data.count(b"\r", 0, size) != len(ends) or data.count(self._end, 0, size) != len(ends):
            return _LINE_ENDS
        return _BLANK_LINE if (np.diff(ends) == len(self._end)).any() else _Cut(ends, quoted=False, is_broken=False)

    def _quoted(self, data: npt.NDArray[np.uint8]) -> _Cut | Declined:
        """The same where quotes are."""
        dialect = self._layout.dialect
        marks = marks_of(data, dialect.delimiter, escape=dialect.escape is not None)
        feeds = marks.outside(data, ord("\n"))
        returns = marks.outside(data[: feeds[-1] + 1], ord("\r"))
        if not np.array_equal(returns + 1, feeds if len(self._end) == 2 else []):
            return _LINE_ENDS
        ends = feeds + 1
        if (np.diff(ends) == len(self._end)).any():
            return _BLANK_LINE
        return _Cut(ends, quoted=True, is_broken=marks.known < len(data))

    def _line_feeds(self, data: bytes, size: int) -> npt.NDArray[np.int64]:
        if self._layout.row_bytes > _LONG_LINE:
            found = [data.find(b"\n", 0, size)]
            while found[-1] >= 0:
                found.append(data.find(b"\n", found[-1] + 1, size))
            return np.array(found[:-1], np.int64)
        return np.flatnonzero(np.frombuffer(data, np.uint8, size) == ord("\n"))


@dataclass(frozen=True)
class _Cut:
    """Where the records of some text end, the line end before the first included."""

    ends: npt.NDArray[np.int64]
    quoted: bool
    """Whether some of them have quotes."""
    is_broken: bool
    """Whether a quote breaks the rules in the record behind the last of them."""


class CsvPiece:
    """Some records: a :class:`Piece`.

    ``data`` has them, behind the line end before the first; ``ends`` is where that and where each record ends.
    ``quoted`` says that some have quotes, each of which begins or ends a field or is in it as its dialect demands.
    """

    def __init__(
        self,
        data: pa.Buffer,
        ends: npt.NDArray[np.int64],
        first_row: int,
        layout: Layout,
        numbers: Numbers | None,
        *,
        quoted: bool,
    ) -> None:
        self._text = data
        self._quoted = quoted
        self._data = data.slice(int(ends[0]))
        self._ends = ends
        self._first_row = first_row
        self._layout = layout
        self._numbers = numbers

    def parse(self) -> Chunk | Declined:
        """The rows, the wanted numbers as numbers; Declined where one of them is no number."""
        if self._numbers is None:
            return _NO_NUMBERS
        table = self._parsed(self._numbers.types, self._numbers.missing)
        if isinstance(table, Declined):
            return table
        return _LIKE_LITERAL if _are_odd(table, self._numbers) else Chunk(table, lines=self.lines())

    def plain(self) -> PlainCsv:
        """The records themselves."""
        layout = self._layout
        dialect = layout.dialect
        rows = len(self._ends) - 1
        return PlainCsv(
            tuple(layout.names), dialect.delimiter, dialect.line_end, self._data, rows, dialect.escape is not None
        )

    def parse_whole(self) -> Chunk:
        """The rows, every column as text."""
        table = self._parsed({}, frozenset())
        if not isinstance(table, Declined):
            return Chunk(table, lines=self.lines())
        records = Pass(BytesIO(self._readable()), self._layout, self._data.size + 1024, self._first_row)
        try:
            chunk = to_chunk(pa.concat_tables(list(records.tables())))
        finally:
            records.close()
        return Chunk(chunk.table, self._as_it_stands(chunk.malformed), self.lines())

    def _as_it_stands(self, malformed: pa.Table | None) -> pa.Table | None:
        """Malformed records with their own texts, where Arrow's reader was given others."""
        if malformed is None or not self._is_escaped:
            return malformed
        rows = malformed.column("row").to_pylist()
        end = len(self._layout.dialect.line_end)
        return malformed_table(
            rows, [self._text[self._ends[row] : self._ends[row + 1] - end].to_pybytes().decode() for row in rows]
        )

    @property
    def _is_escaped(self) -> bool:
        return self._quoted and self._layout.dialect.escape is not None

    def _readable(self) -> pa.Buffer:
        """The records as Arrow's reader takes them."""
        if not self._is_escaped:
            return self._data
        # The line end before them, so that there is a byte before each quote.
        data = np.frombuffer(self._text, np.uint8)
        marks = marks_of(data, self._layout.dialect.delimiter, escape=True)
        return pa.py_buffer(with_doubled_quotes(data, marks)).slice(int(self._ends[0]))

    def _parsed(self, types: Mapping[str, pa.DataType], missing: frozenset[str]) -> pa.Table | Declined:
        """The rows; Declined where one of them is malformed or a value has not its column's type."""
        names = self._layout.names
        # Names of its own: Arrow's converter looks column types up by name.
        keys = [str(index) for index in range(len(names))]
        data = self._readable()
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(data),
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=data.size + 1, column_names=keys),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self._layout.dialect.delimiter, newlines_in_values=self._quoted
                ),
                convert_options=pa_csv.ConvertOptions(
                    check_utf8=False,
                    column_types={key: types.get(name, pa.string()) for key, name in zip(keys, names, strict=True)},
                    null_values=["", *missing],
                ),
            )
        except pa.ArrowInvalid:
            return _NOT_NUMBERS
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
