"""CSV cut into pieces where records end, so that several threads parse a file.

The bytes next to the quotes show which line ends are within quotes. Where a quote breaks the rules, some
records are cut one by one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.formats.base import MAX_CHUNK_BYTES, ParsedPiece, Piece
from dai_scoring.formats.csv import record_reader
from dai_scoring.formats.csv.dialect import Layout
from dai_scoring.formats.csv.piece import CsvPiece
from dai_scoring.formats.csv.quote_positions import marks_of
from dai_scoring.formats.csv.record_cutter import Record, RecordCutter, Unclosed
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import NumberColumns
from dai_scoring.formats.source import HeldText, TextSource, read_at_most

_LEAST = 1 << 16
_MOST = MAX_CHUNK_BYTES // 4
# Of few that are far apart, each is found in less time than numpy looks at all bytes.
_LONG_LINE = 200
_ONE_BY_ONE = 16
"""So many records are cut one by one from the first quote in a block that breaks the rules."""

_OTHER_CHARSET = Declined("the text is not in UTF-8")
_NUL = Declined("there is a NUL among the text")
_LINE_ENDS = Declined("lines end in different ways")
_BLANK_LINE = Declined("there is a blank line among the records")
_BROKEN_QUOTE = Declined("a quote breaks the rules")
_LONG_RECORD = Declined("a record goes on after the text that is looked at, or a quote is never closed")


class CsvPieces:
    """The records at the start of a source that need no more than a look at their bytes to tell them apart."""

    def __init__(
        self, source: TextSource | HeldText, layout: Layout, chunk_rows: int, numbers: NumberColumns | None, share: int
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
        """Why the records after these have to be read another way; None if there are no others."""

    def pieces(self) -> Iterator[Piece]:
        """The records, in pieces of at most the rows and the bytes of a chunk."""
        block = int(max(min(self._layout.row_bytes * self._chunk_rows, self._share, _MOST), _LEAST))
        # As if the line before the records were there too: each line of a piece is then after a line end.
        data = self._end
        while self._source.is_utf8:
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
        """The records of some text; what is left of it, after a line end, and why if a look does not tell."""
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
            yield ParsedPiece(record_reader.chunk_of(records, self._layout), (_BROKEN_QUOTE, _BROKEN_QUOTE))
            self.rows += len(records)
            self.size += done - len(self._end)
            data = self._end + data[done:]
            # Where many quotes are wrong, it would be a waste to look at what is after each.
            one_by_one *= 2

    def _grouped(self, data: bytes, cut: _RecordEnds, all_of_them: bool) -> Generator[Piece, None, int]:
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

    def _cut(self, data: bytes, size: int) -> _RecordEnds | Declined:
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
        return (
            _BLANK_LINE if (np.diff(ends) == len(self._end)).any() else _RecordEnds(ends, quoted=False, is_broken=False)
        )

    def _quoted(self, data: npt.NDArray[np.uint8]) -> _RecordEnds | Declined:
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
        return _RecordEnds(ends, quoted=True, is_broken=marks.known < len(data))

    def _line_feeds(self, data: bytes, size: int) -> npt.NDArray[np.int64]:
        if self._layout.row_bytes > _LONG_LINE:
            found = [data.find(b"\n", 0, size)]
            while found[-1] >= 0:
                found.append(data.find(b"\n", found[-1] + 1, size))
            return np.array(found[:-1], np.int64)
        return np.flatnonzero(np.frombuffer(data, np.uint8, size) == ord("\n"))


@dataclass(frozen=True)
class _RecordEnds:
    """Where the records of some text end, the line end before the first included."""

    ends: npt.NDArray[np.int64]
    quoted: bool
    """Whether some of them have quotes."""
    is_broken: bool
    """Whether a quote breaks the rules in the record after the last of them."""
