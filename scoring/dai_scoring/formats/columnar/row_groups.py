"""Row groups of a Parquet file that can be copied into another one, with columns added to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from dai_scoring.formats.columnar.footers import Footer, Leaf, are_same_columns, leaves
from dai_scoring.formats.columnar.thrift import ProtocolError
from dai_scoring.formats.declined import Declined

if TYPE_CHECKING:
    import pyarrow.parquet as pq

LEAST_ROWS = 5000
"""Row groups with fewer rows, on the average, are read together: to score them one by one would take longer."""
LEAST_BYTES = 1 << 17
"""Row groups with fewer bytes, on the average, are written as quickly as copied."""

_OTHER_COLUMNS = Declined("a column of the Parquet file would be written with another type, or never null")
_OTHER_FOOTER = Declined("the footer of the Parquet file is encrypted, or has parts that are not known")
_SMALL = Declined("the row groups of the Parquet file are small")


@dataclass(frozen=True)
class GroupSource:
    """A file whose row groups can be copied.

    ``schema`` is that of its columns where they are written anew. ``tables`` reads a row group again, in the same
    parts.
    """

    path: Path
    schema: pa.Schema
    footer: Footer
    leaves: list[Leaf]
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
        if plain is None or not are_same_columns(footer.elements, plain.elements):
            return _OTHER_COLUMNS
        return GroupSource(path, schema, footer, plain.leaves, footer.orders == plain.orders, tables)
    except ProtocolError:
        return _OTHER_FOOTER


class _Plain(NamedTuple):
    """What pyarrow writes into a footer for some columns."""

    elements: list[bytes]
    orders: list[bytes]
    leaves: list[Leaf]


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
    return _Plain(footer.elements, footer.orders, leaves(footer.elements))
