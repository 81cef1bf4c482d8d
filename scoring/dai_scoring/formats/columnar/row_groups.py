"""Row groups of a Parquet file that can be copied into another one, with columns added to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from dai_scoring.formats.columnar.footers import Footer, Leaf, are_same, columns, leaves
from dai_scoring.formats.columnar.thrift import ProtocolError
from dai_scoring.formats.declined import Declined

if TYPE_CHECKING:
    import pyarrow.parquet as pq

LEAST_ROWS = 5000
"""Row groups with fewer rows, on the average, are read together: to score them one by one would take longer. Nor are
larger ones read in pieces with fewer."""
LEAST_BYTES = 1 << 17
"""Row groups with fewer bytes, on the average, are written as quickly as copied."""
MOST_VALUES = 1 << 23
"""So many values of a row group that are written anew may wait until it is copied: 64 MB of numbers."""

_OTHER_COLUMNS = Declined("most columns of the Parquet file are written with another type, or are never null")
_OTHER_FOOTER = Declined("the footer of the Parquet file is encrypted, or has parts that are not known")
_LARGE = Declined("the row groups of the Parquet file are large, and columns of other types would wait for their end")
_SMALL = Declined("the row groups of the Parquet file are small")


@dataclass(frozen=True)
class GroupSource:
    """A file whose row groups can be copied.

    ``schema`` is that of its columns where they are written anew, as those in ``anew`` always are. ``tables`` reads a
    row group again, in the same parts.
    """

    path: Path
    schema: pa.Schema
    footer: Footer
    anew: tuple[str, ...]
    leaves: list[Leaf | None]
    """What has values in the file; None where that is not copied."""
    are_copied: list[bool]
    """Of all that has values in the output, but for added columns, whether it is copied."""
    has_same_orders: bool
    """Whether statistics are by the same orders as those that pyarrow writes."""
    tables: Callable[[int], Iterator[pa.Table]]


@dataclass(frozen=True)
class GroupRows:
    """Some rows of a row group as they stand in the file. All rows of the file come in order.

    Without ``are_whole`` some of them were rejected or changed: then the row group cannot be copied.
    """

    source: GroupSource
    group: int
    is_first: bool
    is_last: bool
    are_whole: bool = True

    def written_anew(self) -> GroupRows:
        """The same place in the file, of which not all rows are written as they stand."""
        return replace(self, are_whole=False)


def source_of(
    path: Path, schema: pa.Schema, about: pq.FileMetaData, tables: Callable[[int], Iterator[pa.Table]]
) -> GroupSource | Declined:
    """The file as a :class:`GroupSource`. ``schema`` is that of its columns where they are written anew."""
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    rows = sum(group.num_rows for group in groups)
    if rows != about.num_rows:
        return _OTHER_FOOTER
    are_few_rows = len(groups) > 1 and rows < len(groups) * LEAST_ROWS
    if are_few_rows or sum(group.total_byte_size for group in groups) < len(groups) * LEAST_BYTES:
        return _SMALL
    try:
        with path.open("rb") as file:
            footer = Footer(file, is_one=len(groups) == 1)
        if len(footer) != len(groups):
            return _OTHER_FOOTER
        plain = _plain(schema)
        if plain is None:
            return _OTHER_COLUMNS
        same = [True] * len(plain.columns)
        given = plain.columns
        if footer.elements[1:] != plain.elements[1:]:
            given = columns(footer.elements)
            if len(given) != len(plain.columns):
                return _OTHER_COLUMNS
            same = [are_same(one, two) for one, two in zip(given, plain.columns, strict=True)]
        anew = tuple(name for name, is_same in zip(schema.names, same, strict=True) if not is_same)
        if 2 * len(anew) > len(same):
            return _OTHER_COLUMNS
        if len(anew) * max((group.num_rows for group in groups), default=0) > MOST_VALUES:
            return _LARGE
        found: list[Leaf | None] = []
        for one, own, is_same in zip(given, plain.leaves, same, strict=True):
            found += own if is_same else [None] * len(leaves(one))
        are_copied = [is_same for own, is_same in zip(plain.leaves, same, strict=True) for _ in own]
        has_same_orders = len(footer.orders) == len(found) and set(footer.orders) == set(plain.orders)
        return GroupSource(path, schema, footer, anew, found, are_copied, has_same_orders, tables)
    except ProtocolError:
        return _OTHER_FOOTER


class _Plain(NamedTuple):
    """What pyarrow writes into a footer for some columns."""

    elements: list[bytes]
    orders: list[bytes]
    columns: list[list[bytes]]
    leaves: list[list[Leaf]]


@lru_cache(maxsize=32)
def _plain(schema: pa.Schema) -> _Plain | None:
    """None where pyarrow does not write such columns."""
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    try:
        with pq.ParquetWriter(sink, schema):
            pass
    except pa.ArrowNotImplementedError:
        return None
    footer = Footer(pa.BufferReader(sink.getvalue()))
    found = columns(footer.elements)
    return _Plain(footer.elements, footer.orders, found, [leaves(column) for column in found])
