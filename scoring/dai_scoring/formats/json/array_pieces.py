"""Arrays of JSON objects, cut between the objects by a look at the bytes there, for line_pieces.py.

Programs write the same between any two objects: ``},{``, or a line end and some blanks more. The array is cut wherever
that stands, be it within a text or a nested array. Whether that was right, the parser tells: a piece that was cut in
an object does not consist of whole objects, and an object stops being one if a comma within it is taken away. So
if all pieces are objects, as many as there were cuts, then every cut was right. Else a piece is Declined, and the
reader of whole files reads the file from its start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, Piece
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.json import columns as json_columns
from dai_scoring.formats.json.line_pieces import LEAST_BYTES, MOST_BYTES, START, ObjectsPiece, first_part
from dai_scoring.formats.json.parser import parse
from dai_scoring.formats.json.split import Structure
from dai_scoring.formats.json.wanted_columns import SAMPLE_SIZE, Places, WantedColumns, places
from dai_scoring.formats.records import WantedFields
from dai_scoring.formats.source import TextSource, in_groups, read_at_most

_SPACE = b" \t\r\n"
_NO_VALUE = np.frombuffer(b"{" + _SPACE, np.uint8)
_LONGEST = 64
_GLANCE = 1 << 13
_LINE_FEED = ord("\n")

_OTHER_CHARSET = Declined("the text is not in UTF-8")
_START = Declined("the array does not start with two objects that have a comma between them")
_NO_ARRAYS = Declined("not all of the contents are arrays of objects")
_EMPTY_OBJECT = Declined("an object may be empty, or its last value has blanks after it")
_UNREADABLE = Declined("the text cannot be read up to its end")
_LONG_RECORD = Declined("an object is longer than a chunk may be")
_END = Declined("the array does not end after an object as the others end")
_WRONG_CUTS = Declined("the array was cut at other places than between its objects")


@dataclass(frozen=True)
class _Between:
    """What stands between the last value of an object and the next object: a brace, a comma, and space."""

    text: bytes

    @property
    def comma(self) -> int:
        """Where the comma is."""
        return self.text.index(b",")

    @property
    def start(self) -> bytes:
        """The same with the start of the next object."""
        return self.text + b"{"

    @property
    def close(self) -> bytes:
        """What ends the object."""
        return self.text[: self.text.index(b"}") + 1]

    def ends(self, data: bytes) -> Places | Declined:
        """Where in ``data``, which starts with an object, the values of objects end that another follows."""
        found = places(data, self.start, len(self.text))
        if np.isin(np.frombuffer(data, np.uint8)[found - 1], _NO_VALUE).any():
            # A comma goes in there.
            return _EMPTY_OBJECT
        return found


class ArrayPieces:
    """The objects of an array, as long as the same stands between any two of them."""

    def __init__(self, source: TextSource, head: bytes, chunk_rows: int, fields: WantedFields, share: int) -> None:
        self._source = source
        self._chunk_rows = chunk_rows
        self._share = share
        self._columns = WantedColumns(fields)
        self._looked = False
        self._rest = head[1:].lstrip(_SPACE)
        self._between = _between(self._rest)

    @property
    def declined(self) -> Declined | None:
        """Why the array cannot be cut, by its start; None if it can."""
        if not self._source.is_utf8:
            return _OTHER_CHARSET
        return self._between if isinstance(self._between, Declined) else None

    def pieces(self) -> Iterator[Piece | Declined]:
        """The objects, in pieces of at most the rows of a chunk; Declined, at last, where they are not like the first.

        Then the pieces before it are not certain either.
        """
        between = self._between
        block = max(min(self._share, MOST_BYTES), LEAST_BYTES)
        while not isinstance(between, Declined):
            at_end = False
            text = first_part(self._rest, block, between.start)
            if not text:
                try:
                    added = read_at_most(self._source, block)
                except ContentError:
                    # What comes first in the file is wrong with it, which this may not be.
                    yield _UNREADABLE
                    return
                at_end = len(added) < block
                self._rest += added
                rest = _without_end(self._rest, between) if at_end else self._rest
                if isinstance(rest, Declined):
                    yield rest
                    return
                self._rest = text = rest
            ends = between.ends(text)
            if isinstance(ends, Declined):
                yield ends
                return
            if len(ends):
                yield from self._groups(text, ends, between)
                self._rest = self._rest[ends[-1] + len(between.text) :]
            elif len(self._rest) > MAX_CHUNK_BYTES:
                yield _LONG_RECORD
                return
            if at_end:
                return

    def _groups(self, text: bytes, ends: Places, between: _Between) -> Iterator[Piece]:
        size = len(between.text)
        if not self._looked:
            self._looked = True
            self._columns.learn_from(text[: ends[:SAMPLE_SIZE][-1]] + between.close)
        for data, group in in_groups(text, ends + size, self._chunk_rows):
            yield _Elements(data, group - size, between, self._columns)


def merged_piece(contents: Sequence[bytes], fields: WantedFields) -> tuple[Piece, list[int]] | Declined:
    """The objects of some arrays, in one piece, and how many each has."""
    arrays = [one.strip(_SPACE)[1:].lstrip(_SPACE) for one in contents]
    between = _between(arrays[0])
    if isinstance(between, Declined):
        return between
    if not all(one.startswith(b"{") for one in arrays):
        return _NO_ARRAYS
    parts = []
    for one in arrays:
        part = _without_end(one, between)
        if isinstance(part, Declined):
            return part
        parts.append(part[:-1])
    data = b"".join(parts)
    ends = between.ends(data + b"{")
    if isinstance(ends, Declined):
        return ends
    columns = WantedColumns(fields)
    columns.learn_from(data[: ends[:SAMPLE_SIZE][-1]] + between.close)
    # Each begins where the one before it ends.
    stops = np.searchsorted(ends, np.cumsum([len(part) for part in parts]))
    counts = np.diff(stops, prepend=0)
    return _Elements(data, ends, between, columns, stops - counts), counts.tolist()


def _between(head: bytes) -> _Between | Declined:
    """What stands between the first two objects; Declined if it cannot be found, or is not what it should be."""
    if not head.startswith(b"{"):
        return _START
    ends = Structure().scan(head[:_GLANCE])[1]
    if not len(ends):
        ends = Structure().scan(head)[1]
    if not len(ends):
        return _START
    first = head[: ends[0]].rstrip(_SPACE)
    rest = head[ends[0] + 1 :]
    space = len(rest) - len(rest.lstrip(_SPACE + b","))
    found = head[len(first) : ends[0] + 1 + space]
    is_usual = (
        len(found) <= _LONGEST
        and found.count(b",") == 1
        and rest[space : space + 1] == b"{"
        and parse(head[: ends[0] + 1])
    )
    return _Between(found) if is_usual else _START


def _without_end(data: bytes, between: _Between) -> bytes | Declined:
    """The last objects as if another followed: without the end of the array."""
    array, objects = data.rstrip(_SPACE), b""
    if array.endswith(b"]"):
        objects = array[:-1].rstrip(_SPACE)
    if not objects.endswith(between.close):
        return _END
    return objects[: -len(between.close)] + between.text + b"{"


class _Elements(ObjectsPiece):
    """Objects with a comma after each."""

    def __init__(
        self, data: bytes, ends: Places, between: _Between, columns: WantedColumns, starts: Places = START
    ) -> None:
        super().__init__(data, ends, between.text, columns, starts)
        self._comma = between.comma

    def parse_whole(self) -> Chunk | Declined:
        records = parse(b"[" + self._data[: self._data.rindex(b",")] + b"]")
        # Are there fewer, then some cuts were within a text.
        if records is None or set(map(type, records)) != {dict} or len(records) != len(self._ends):
            return _WRONG_CUTS
        return Chunk(json_columns.to_table(records, None), lines=self._texts())

    def _separated(self) -> bytearray:
        data = bytearray(self._data)
        np.frombuffer(data, np.uint8)[self._ends + self._comma] = _LINE_FEED
        return data
