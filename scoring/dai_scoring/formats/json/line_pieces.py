"""JSON of which only the model's columns are read, so that pieces of a file are parsed by several threads.

The records pass through as they stand. What does not fit that, the reader of whole files reads. Here are the objects of
a piece, and the pieces of JSON lines; those of an array are in array_pieces.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, Piece, malformed_table
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.json import columns as json_columns
from dai_scoring.formats.json.parser import parse, records_of
from dai_scoring.formats.json.wanted_columns import SAMPLE_SIZE, Places, WantedColumns
from dai_scoring.formats.records import JsonRecords, WantedFields
from dai_scoring.formats.source import TextSource, in_groups, read_at_most
from dai_scoring.values import model_rows

LEAST_BYTES = 1 << 16
MOST_BYTES = MAX_CHUNK_BYTES // 4
"""How large the pieces are that are read at a time."""
START: Places = np.zeros(1, np.int64)
_BETWEEN = b"}\n"

_OTHER_CHARSET = Declined("the text is not in UTF-8")
_LONG_RECORD = Declined("a line goes on after the text that is looked at, or the last line has no end")
_NOT_OBJECTS = Declined("a line is not an object with a value, from its first character to its last")
_ABSENT_COLUMN = Declined("a column without a value may be absent")


class LinePieces:
    """The records of a source, as long as each is an object on a line of its own."""

    def __init__(self, source: TextSource, head: bytes, chunk_rows: int, fields: WantedFields, share: int) -> None:
        self._source = source
        self._chunk_rows = chunk_rows
        self._share = share
        self._columns = WantedColumns(fields)
        self.rest = head
        """What was read and is in no piece; the source has what follows it."""
        self.rows = 0
        """How many records the pieces have."""

    def pieces(self) -> Generator[Piece, None, Declined]:
        """The records, in pieces of at most the rows of a chunk; and why the rest has to be read another way."""
        block = max(min(self._share, MOST_BYTES), LEAST_BYTES)
        while self._source.is_utf8:
            self.rest += read_at_most(self._source, block)
            ends = _ends(self.rest)
            if isinstance(ends, Declined):
                return ends
            if not self.rows:
                self._columns.learn_from(_sample(self.rest, ends))
            for lines, line_ends in in_groups(self.rest, ends, self._chunk_rows):
                yield _Lines(lines, line_ends - len(_BETWEEN), _BETWEEN, self._columns)
            self.rows += len(ends)
            self.rest = self.rest[ends[-1] :]
        return _OTHER_CHARSET


def _ends(data: bytes) -> Places | Declined:
    """Where the lines end; Declined where one may be something else than an object with a value in it."""
    characters = np.frombuffer(data, np.uint8)
    ends: Places = np.flatnonzero(characters == ord("\n")) + 1
    if not len(ends):
        return _LONG_RECORD
    starts = np.concatenate([[0], ends[:-1]])
    if (ends - starts < 4).any() or (characters[starts] != ord("{")).any() or (characters[ends - 2] != ord("}")).any():
        return _NOT_OBJECTS
    # No blank before the end, nor an object without a value: a comma goes in between.
    return _NOT_OBJECTS if np.isin(characters[ends - 3], np.frombuffer(b"{ \t", np.uint8)).any() else ends


def merged_piece(contents: Sequence[bytes], fields: WantedFields) -> tuple[Piece, list[int]] | Declined:
    """The objects on the lines of some contents, in one piece, and how many each has."""
    parts = [one if one.endswith(b"\n") else one + b"\n" for one in contents]
    data = b"".join(parts)
    ends = _ends(data)
    if isinstance(ends, Declined):
        return ends
    columns = WantedColumns(fields)
    columns.learn_from(_sample(data, ends))
    counts = [part.count(b"\n") for part in parts]
    starts = np.cumsum([0, *counts[:-1]])
    return _Lines(data, ends - len(_BETWEEN), _BETWEEN, columns, starts), counts


def piece_of_records(data: bytes, fields: WantedFields) -> tuple[Piece, int] | Declined:
    """The objects on the lines of ``data``, each a content of its own, in one piece, and how many there are."""
    ends = _ends(data)
    if isinstance(ends, Declined):
        return ends
    columns = WantedColumns(fields)
    columns.learn_from(_sample(data, ends))
    return _Lines(data, ends - len(_BETWEEN), _BETWEEN, columns, np.arange(len(ends))), len(ends)


def _sample(data: bytes, ends: Places) -> bytes:
    return data[: ends[:SAMPLE_SIZE][-1] - 1].replace(b"\n", b",")


class ObjectsPiece(ABC):
    """Some objects, as a :class:`RecordsPiece`: ``data`` starts with the first and goes on to the end of the last.

    ``ends`` are where the values of each object end; what stands between there and the next object is ``between``, the
    same after each. ``starts`` are the numbers of the objects that begin a content: in each of these, some object has
    each column of the model.
    """

    def __init__(
        self, data: bytes, ends: Places, between: bytes, columns: WantedColumns, starts: Places = START
    ) -> None:
        self._data = data
        self._ends = ends
        self._between = between
        self._columns = columns
        self._starts = starts

    @property
    def names(self) -> list[str]:
        """The wanted columns."""
        return list(self._columns.fields.types)

    def records(self) -> JsonRecords:
        """The objects themselves."""
        front = len(self._between)
        data = pa.py_buffer(self._data)
        return JsonRecords(data, self._between, self._ends + front, self._starts, self._columns.fields)

    def lines_until(self, ends: npt.NDArray[np.int64] | None) -> pa.Array:
        """The objects as they stand."""
        return self._texts()

    def parse(self) -> Chunk | Declined:
        """The wanted columns of the rows, and the rows as they stand."""
        table = self._columns.parsed(self._separated(), len(self._ends))
        if isinstance(table, Declined):
            return table
        return Chunk(table, lines=self._texts()) if self._have_all(table) else _ABSENT_COLUMN

    @abstractmethod
    def parse_whole(self) -> Chunk | Declined:
        """All columns of the rows, in the types that they have."""

    @abstractmethod
    def _separated(self) -> bytes | bytearray:
        """The bytes of the objects with nothing but space between them, a line end among it, and after the last."""

    def _have_all(self, table: pa.Table) -> bool:
        """Whether a column without a value is in the first object at least: a name may also stand within a value."""
        parsed: dict[int, Any] = {}
        sizes = np.diff(self._starts, append=len(self._ends))
        for name, column in zip(table.column_names, table.columns, strict=True):
            if column.null_count < sizes.min():
                continue
            nulls = np.add.reduceat(model_rows.null_mask(column).astype(np.int64), self._starts)
            for start in self._starts[nulls == sizes].tolist():
                if start not in parsed:
                    begin = self._ends[start - 1] + len(self._between) if start else 0
                    parsed[start] = parse(self._data[begin : self._ends[start]] + b"}")
                if name not in parsed[start]:
                    return False
        return True

    def _texts(self) -> pa.Array:
        """The objects as :attr:`Chunk.lines`."""
        front = len(self._between)
        buffers = [
            None,
            pa.py_buffer(np.concatenate([[0], self._ends + front])),
            pa.py_buffer(self._between + self._data),
        ]
        return pa.Array.from_buffers(pa.large_string(), len(self._ends), buffers)


class _Lines(ObjectsPiece):
    """Objects that are lines."""

    def parse_whole(self) -> Chunk:
        found, rows, texts = records_of(self._data.split(b"\n")[:-1])
        return Chunk(json_columns.to_table(found, None), malformed_table(rows, texts), self._texts())

    def _separated(self) -> bytes:
        return self._data
