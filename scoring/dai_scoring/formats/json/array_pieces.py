"""Arrays of JSON objects, cut between the objects by a look at the bytes there, for line_pieces.py.

Programs write the same between any two objects: ``},{``, or a line end and some blanks more. The array is cut wherever
that stands, be it within a text or a nested array. Whether that was right, the parser tells: a piece that was cut in
an object does not consist of whole objects, and an object is none any more once a comma within it was taken away. So if
all pieces are objects, as many as there were cuts, then every cut was right. Else NotPlainError has the reader of whole
files read the file from its start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, Fields, NotPlainError, Piece
from dai_scoring.formats.json import columns as json_columns
from dai_scoring.formats.json.line_pieces import LEAST_BYTES, MOST_BYTES, START, Objects
from dai_scoring.formats.json.parser import parse
from dai_scoring.formats.json.split import Structure
from dai_scoring.formats.json.wanted_columns import LOOKED_AT, Places, WantedColumns, places
from dai_scoring.formats.source import TextSource, in_groups, read_at_most

_SPACE = b" \t\r\n"
_NO_VALUE = np.frombuffer(b"{" + _SPACE, np.uint8)
_LONGEST = 64
_GLANCE = 1 << 13
_LINE_FEED = ord("\n")


@dataclass(frozen=True)
class _Between:
    """What stands between the last value of an object and the next object: a brace, a comma, and space."""

    text: bytes

    @property
    def comma(self) -> int:
        """Where the comma is."""
        return self.text.index(b",")

    @property
    def close(self) -> bytes:
        """What ends the object."""
        return self.text[: self.text.index(b"}") + 1]

    def ends(self, data: bytes) -> Places:
        """Where in ``data``, which starts with an object, the values of objects end that another follows."""
        found = places(data, self.text + b"{", len(self.text))
        if np.isin(np.frombuffer(data, np.uint8)[found - 1], _NO_VALUE).any():
            # A comma goes in there.
            raise NotPlainError
        return found


class ArrayPieces:
    """The objects of an array, as long as the same stands between any two of them."""

    def __init__(self, source: TextSource, head: bytes, chunk_rows: int, fields: Fields, share: int) -> None:
        self._source = source
        self._chunk_rows = chunk_rows
        self._share = share
        self._columns = WantedColumns(fields)
        self._looked = False
        self._rest = head[1:].lstrip(_SPACE)
        self._between = _between(self._rest)

    @property
    def are_plain(self) -> bool:
        """Whether the array starts so."""
        return self._source.plain and self._between is not None

    def pieces(self) -> Iterator[Piece]:
        """The objects, in pieces of at most the rows of a chunk; NotPlainError where they are not so plain."""
        between = self._between
        block = max(min(self._share, MOST_BYTES), LEAST_BYTES)
        while between is not None:
            try:
                added = read_at_most(self._source, block)
            except ContentError:
                # What comes first in the file is wrong with it, which this may not be.
                raise NotPlainError from None
            self._rest += added
            at_end = len(added) < block
            if at_end:
                self._rest = _without_end(self._rest, between)
            ends = between.ends(self._rest)
            if len(ends):
                yield from self._groups(ends, between)
                self._rest = self._rest[ends[-1] + len(between.text) :]
            elif len(self._rest) > MAX_CHUNK_BYTES:
                raise NotPlainError
            if at_end:
                return

    def _groups(self, ends: Places, between: _Between) -> Iterator[Piece]:
        size = len(between.text)
        if not self._looked:
            self._looked = True
            self._columns.look_at(self._rest[: ends[:LOOKED_AT][-1]] + between.close)
        for data, group in in_groups(self._rest, ends + size, self._chunk_rows):
            yield _Elements(data, group - size, between, self._columns)


def together(contents: Sequence[bytes], fields: Fields) -> tuple[Piece, list[int]] | None:
    """The objects of some arrays, in one piece, and how many each has.

    None, or NotPlainError, where they are not plain.
    """
    arrays = [one.strip(_SPACE)[1:].lstrip(_SPACE) for one in contents]
    between = _between(arrays[0])
    if between is None or not all(one.startswith(b"{") for one in arrays):
        return None
    parts = [_without_end(one, between)[:-1] for one in arrays]
    data = b"".join(parts)
    ends = between.ends(data + b"{")
    columns = WantedColumns(fields)
    columns.look_at(data[: ends[:LOOKED_AT][-1]] + between.close)
    # Each begins where the one before it ends.
    stops = np.searchsorted(ends, np.cumsum([len(part) for part in parts]))
    counts = np.diff(stops, prepend=0)
    return _Elements(data, ends, between, columns, stops - counts), counts.tolist()


def _between(head: bytes) -> _Between | None:
    """What stands between the first two objects; None where that cannot be told, or is not what it should be."""
    if not head.startswith(b"{"):
        return None
    ends = Structure().scan(head[:_GLANCE])[1]
    if not len(ends):
        ends = Structure().scan(head)[1]
    if not len(ends):
        return None
    first = head[: ends[0]].rstrip(_SPACE)
    rest = head[ends[0] + 1 :]
    space = len(rest) - len(rest.lstrip(_SPACE + b","))
    found = head[len(first) : ends[0] + 1 + space]
    is_plain = (
        len(found) <= _LONGEST
        and found.count(b",") == 1
        and rest[space : space + 1] == b"{"
        and parse(head[: ends[0] + 1])
    )
    return _Between(found) if is_plain else None


def _without_end(data: bytes, between: _Between) -> bytes:
    """The last objects as if another followed: without the end of the array."""
    array, objects = data.rstrip(_SPACE), b""
    if array.endswith(b"]"):
        objects = array[:-1].rstrip(_SPACE)
    if not objects.endswith(between.close):
        raise NotPlainError
    return objects[: -len(between.close)] + between.text + b"{"


class _Elements(Objects):
    """Objects with a comma behind each."""

    def __init__(
        self, data: bytes, ends: Places, between: _Between, columns: WantedColumns, starts: Places = START
    ) -> None:
        super().__init__(data, ends, between.text, columns, starts)
        self._comma = between.comma

    def parse_whole(self) -> Chunk:
        records = parse(b"[" + self._data[: self._data.rindex(b",")] + b"]")
        if records is None or set(map(type, records)) != {dict}:
            raise NotPlainError
        if len(records) != len(self._ends):
            # Some cuts were within a text.
            raise NotPlainError
        return Chunk(json_columns.to_table(records, None), lines=self._texts())

    def _separated(self) -> bytearray:
        data = bytearray(self._data)
        np.frombuffer(data, np.uint8)[self._ends + self._comma] = _LINE_FEED
        return data
