"""Footers of Parquet files: what is in one, of which columns, and where the bytes of a row group are.

Names of fields are those of https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from dai_scoring.formats.columnar import thrift
from dai_scoring.formats.columnar.thrift import ProtocolError, Struct

MAGIC = b"PAR1"
_TAIL = 8

# FileMetaData
_SCHEMA, _NUM_ROWS, _ROW_GROUPS, _CREATED_BY, _COLUMN_ORDERS, _ENCRYPTION = 2, 3, 4, 6, 7, 8
# RowGroup
_COLUMNS, _TOTAL_BYTES, _GROUP_ROWS, _FILE_OFFSET, _COMPRESSED, _ORDINAL = 1, 2, 3, 5, 6, 7
# ColumnChunk
_FILE_PATH, _CHUNK_OFFSET, _META = 1, 2, 3
_INDEXES = (4, 5, 6, 7)
_ENCRYPTED = (8, 9)
# ColumnMetaData
_CHUNK_TYPE, _CHUNK_PATH, _UNCOMPRESSED = 1, 3, 6
_CHUNK_BYTES, _DATA_PAGE, _INDEX_PAGE, _DICTIONARY_PAGE, _STATISTICS = 7, 9, 10, 11, 12
_BLOOM_FILTER = (14, 15)
_NEEDED = {
    _CHUNK_TYPE: thrift.I32,
    2: thrift.LIST,  # encodings
    _CHUNK_PATH: thrift.LIST,
    4: thrift.I32,  # codec
    5: thrift.I64,  # num_values
    _UNCOMPRESSED: thrift.I64,
    _CHUNK_BYTES: thrift.I64,
    _DATA_PAGE: thrift.I64,
}
# SchemaElement
_TYPE, _TYPE_LENGTH, _NAME, _NUM_CHILDREN, _CONVERTED, _FIELD_ID, _LOGICAL = 1, 2, 4, 5, 6, 9, 10
_FIXED_LENGTH = 7

_WANTED_OF_GROUP: thrift.Wanted = {_COLUMNS: {_META: {}}}
# Converted types to which the logical type adds nothing: UTF8, MAP, LIST, DATE, and integers by their bits.
_WHOLE_TYPES = frozenset((0, 1, 3, 6, *range(11, 19)))
# Physical types, and the converted ones that say the same: INT32 and INT_32, INT64 and INT_64.
_SAME_INTEGERS = ((1, 17), (2, 18))


@dataclass(frozen=True)
class Extent:
    """Some consecutive bytes of a file."""

    start: int
    size: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.start + self.size


class Leaf(NamedTuple):
    """A column that has values: its physical type and the names that lead to it, as the protocol has them."""

    type: bytes | None
    path: bytes | None


class Footer:
    """The footer of a file. Raises ProtocolError if the file has no footer that can be read, or an encrypted one.

    A row group is read when it is asked for, or with ``is_one`` at once, which is quicker for a file of one.
    """

    def __init__(self, file: BinaryIO, *, is_one: bool = False) -> None:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
        self.start = size - _TAIL - int.from_bytes(tail[:4], "little")
        """Where it begins in the file."""
        if tail[4:] != MAGIC or self.start < len(MAGIC):
            raise ProtocolError
        file.seek(self.start)
        data = file.read(size - _TAIL - self.start)
        wanted = {_SCHEMA: None, _COLUMN_ORDERS: None, _ROW_GROUPS: _WANTED_OF_GROUP if is_one else None}
        self._struct = thrift.read_struct(data, 0, wanted)[0]
        self._groups = self._struct.elements(_ROW_GROUPS)
        if _ENCRYPTION in self._struct.fields:
            raise ProtocolError

    @property
    def created_by(self) -> bytes | None:
        """What wrote the file: readers treat some pages and statistics by it. As the protocol has it."""
        return self._struct.raw(_CREATED_BY, thrift.BINARY)

    @property
    def elements(self) -> list[bytes]:
        """The columns, after what contains all of them; in bytes."""
        return self._struct.elements(_SCHEMA)

    @property
    def orders(self) -> list[bytes]:
        """By which order each column's statistics are; in bytes."""
        return self._struct.elements(_COLUMN_ORDERS) if _COLUMN_ORDERS in self._struct.fields else []

    def __len__(self) -> int:
        return len(self._groups)

    def group(self, number: int) -> RowGroup:
        """A row group, which the caller may change."""
        found = self._groups[number]
        struct = found if isinstance(found, Struct) else thrift.read_struct(found, 0, _WANTED_OF_GROUP)[0]
        return RowGroup(struct, self.start)

    def with_groups(self, groups: Sequence[bytes], rows: int, created_by: bytes | None) -> bytes:
        """What ends a file: this footer with these row groups instead, which have so many rows, and its length."""
        struct = self._struct
        struct.set_integer(_NUM_ROWS, rows)
        struct.fields[_ROW_GROUPS] = (thrift.LIST, groups)
        struct.drop(_CREATED_BY)
        if created_by is not None:
            struct.fields[_CREATED_BY] = (thrift.BINARY, created_by)
        data = struct.encoded()
        return data + len(data).to_bytes(4, "little") + MAGIC


class RowGroup:
    """A row group in a footer. ``end`` is where the columns' bytes in its file must end."""

    def __init__(self, struct: Struct, end: int) -> None:
        self.struct = struct
        self._end = end

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.struct.needed(_GROUP_ROWS)

    @property
    def chunks(self) -> list[Struct]:
        """Its columns."""
        return self.struct.elements(_COLUMNS)

    @property
    def start(self) -> int:
        """Where its first column begins."""
        return self._extent(self.chunks[0]).start if self.chunks else 0

    def keep(self, leaves: Sequence[Leaf | None]) -> list[Extent]:
        """Where the bytes of each of these columns are; the others, which are None, are left out.

        ProtocolError where that cannot be, if a part is encrypted or in another file, or columns are not these.
        """
        chunks = self.chunks
        if len(chunks) != len(leaves):
            raise ProtocolError
        chunks[:] = [chunk for chunk, leaf in zip(chunks, leaves, strict=True) if leaf is not None]
        metas = [chunk.struct(_META) for chunk in chunks]
        if any(meta.fields.get(number, (0,))[0] != kind for meta in metas for number, kind in _NEEDED.items()):
            raise ProtocolError
        found = [Leaf(meta.raw(_CHUNK_TYPE, thrift.I32), meta.raw(_CHUNK_PATH, thrift.LIST)) for meta in metas]
        if found != [leaf for leaf in leaves if leaf is not None]:
            raise ProtocolError
        return [self._extent(chunk) for chunk in chunks]

    def _extent(self, chunk: Struct) -> Extent:
        if _FILE_PATH in chunk.fields or any(number in chunk.fields for number in _ENCRYPTED):
            raise ProtocolError
        meta = chunk.struct(_META)
        pages = meta.needed(_DATA_PAGE)
        # Some writers say 0 where there is no dictionary.
        dictionary = meta.integer(_DICTIONARY_PAGE) or pages
        found = Extent(min(pages, dictionary), meta.needed(_CHUNK_BYTES))
        if found.start < len(MAGIC) or not found.start <= max(pages, dictionary) < found.end <= self._end:
            raise ProtocolError
        return found

    def move(self, steps: Sequence[int], *, statistics: bool = True) -> None:
        """Have each column so much further on; without parts that are not moved with it, or without statistics too."""
        for chunk, step in zip(self.chunks, steps, strict=True):
            meta = chunk.struct(_META)
            for number in (_DATA_PAGE, _DICTIONARY_PAGE):
                place = meta.integer(number)
                if place:
                    meta.set_integer(number, place + step)
            meta.drop(_INDEX_PAGE, *_BLOOM_FILTER, *(() if statistics else (_STATISTICS,)))
            chunk.drop(*_INDEXES)
            chunk.set_integer(_CHUNK_OFFSET, 0)

    def merge(self, other: RowGroup, are_own: Sequence[bool], start: int, size: int) -> None:
        """Add the columns of another one; all together begin there in the file, and take so many bytes.

        ``are_own`` says of all columns in their order which ones are those of this row group.
        """
        own, others = iter(self.chunks), iter(other.chunks)
        self.chunks[:] = [next(own) if is_own else next(others) for is_own in are_own]
        uncompressed = sum(chunk.struct(_META).needed(_UNCOMPRESSED) for chunk in self.chunks)
        self.struct.set_integer(_TOTAL_BYTES, uncompressed)
        self.struct.set_integer(_FILE_OFFSET, start)
        self.struct.set_integer(_COMPRESSED, size)

    def encoded(self) -> bytes:
        """As it is in a footer; without its number, which only encryption needs."""
        self.struct.drop(_ORDINAL)
        return self.struct.encoded()


def leaves(column: Sequence[bytes]) -> list[Leaf]:
    """What has values in a column."""
    found: list[Leaf] = []
    # The names above the next element, each with how many elements of it are still to come.
    above: list[tuple[bytes, int]] = []
    for element in column:
        struct = thrift.read_struct(element, 0, {})[0]
        name = struct.raw(_NAME, thrift.BINARY) or b""
        children = struct.integer(_NUM_CHILDREN, thrift.I32) or 0
        if children:
            above.append((name, children))
            continue
        path = [*(one for one, _ in above), name]
        found.append(Leaf(struct.raw(_TYPE, thrift.I32), thrift.encoded_list(thrift.BINARY, path)))
        while above:
            last, left = above.pop()
            if left > 1:
                above.append((last, left - 1))
                break
    return found


def columns(elements: Sequence[bytes]) -> list[list[bytes]]:
    """The elements of each column, with those within it."""
    found: list[list[bytes]] = []
    missing = 0
    for element in elements[1:]:
        if not missing:
            found.append([])
            missing = 1
        found[-1].append(element)
        missing += (thrift.read_struct(element, 0, {})[0].integer(_NUM_CHILDREN, thrift.I32) or 0) - 1
    return found


def are_same(given: Sequence[bytes], other: Sequence[bytes]) -> bool:
    """Whether the elements of two columns mean the same."""
    return len(given) == len(other) and all(
        one == two or _are_same(one, two) for one, two in zip(given, other, strict=True)
    )


def _are_same(one: bytes, two: bytes) -> bool:
    given, other = _meaning(one), _meaning(two)
    if _LOGICAL not in given.fields and given.integer(_CONVERTED, thrift.I32) in _WHOLE_TYPES:
        other.drop(_LOGICAL)
    elif _CONVERTED not in given.fields and _LOGICAL in given.fields:
        other.drop(_CONVERTED)
    return given.fields == other.fields


def _meaning(element: bytes) -> Struct:
    struct = thrift.read_struct(element, 0, {})[0]
    struct.drop(_FIELD_ID)
    if struct.integer(_TYPE, thrift.I32) != _FIXED_LENGTH:
        struct.drop(_TYPE_LENGTH)
    if struct.integer(_NUM_CHILDREN, thrift.I32) == 0:
        struct.drop(_NUM_CHILDREN)
    if (struct.integer(_TYPE, thrift.I32), struct.integer(_CONVERTED, thrift.I32)) in _SAME_INTEGERS:
        struct.drop(_CONVERTED, _LOGICAL)
    return struct
