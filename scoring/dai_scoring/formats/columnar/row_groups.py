"""Row groups of a Parquet file that can be copied into another one, with columns added to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from dai_scoring.formats.columnar.footers import Footer, Leaf, are_same_columns, leaves
from dai_scoring.formats.columnar.thrift import ProtocolError
from dai_scoring.formats.declined import Declined

_LEAST_ROWS = 1000

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
    path: Path, schema: pa.Schema, counts: Sequence[int], rows: int, tables: Callable[[int], Iterator[pa.Table]]
) -> GroupSource | Declined:
    """The file as a :class:`GroupSource`. ``counts`` are the rows of each row group, ``rows`` those of the file."""
    if sum(counts) != rows:
        return _OTHER_FOOTER
    if len(counts) > 1 and rows < len(counts) * _LEAST_ROWS:
        # They would be scored one by one.
        return _SMALL
    try:
        with path.open("rb") as file:
            footer = Footer(file, is_one=len(counts) == 1)
        if len(footer) != len(counts):
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
