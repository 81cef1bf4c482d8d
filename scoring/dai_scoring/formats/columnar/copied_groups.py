"""Copies row groups from one Parquet file into another one, with the columns of predictions added to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from operator import not_
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import MAX_CHUNK_BYTES
from dai_scoring.formats.columnar.footers import Extent, Footer, columns, leaves
from dai_scoring.formats.columnar.row_groups import GroupRows, GroupSource
from dai_scoring.formats.columnar.thrift import ProtocolError
from dai_scoring.formats.source import DAMAGED

_BLOCK = 4 << 20


class GroupCopier:
    """Appends rows to a file: copied row groups, and others by the writer of pyarrow, ``write``.

    pyarrow takes places in the file from its sink, so both write to it in turns. Its footer knows only its own row
    groups: :meth:`finish` replaces it.
    """

    def __init__(self, sink: pa.NativeFile, write: Callable[[Sequence[pa.Table]], None], source: GroupSource) -> None:
        self._sink = sink
        self._write = write
        self._source = source
        self._file = source.path.open("rb")
        # The added columns of this row group until now, if it may be copied.
        self._waiting: list[pa.Table] = []
        # Its other rows, read once more, if it is written anew.
        self._again: Iterator[pa.Table] | None = None
        # Rows that are written anew, until the row group has no others.
        self._anew: list[pa.Table] = []
        # Of each copied row group where it begins, and as it is in a footer.
        self._copied: list[tuple[int, bytes]] = []
        self._copied_rows = 0

    def put(self, rows: pa.Table, place: GroupRows) -> None:
        """Append rows: the added columns, or all columns of those that are not written as they stand."""
        if place.is_first:
            self._waiting, self._again = [], None
        if self._again is not None:
            table = self._next()
            self._add(_joined(table, rows) if place.are_whole else rows)
        elif place.are_whole:
            self._waiting.append(rows)
            # Of a row group of any size only so much is kept.
            is_long = sum(table.nbytes for table in self._waiting) > MAX_CHUNK_BYTES
            if is_long or (place.is_last and not self._copy_group(place.group)):
                self._write_waiting(place.group)
        else:
            if not (place.is_first and place.is_last):
                self._write_waiting(place.group)
                self._next()
            self._add(rows)
        if place.is_last:
            self._again = None
            self._write_added()

    def _write_waiting(self, group: int) -> None:
        self._again = self._source.tables(group)
        for rows in self._waiting:
            self._add(_joined(self._next(), rows))
        self._waiting = []

    def _add(self, rows: pa.Table) -> None:
        self._anew.append(rows)
        if sum(table.nbytes for table in self._anew) > MAX_CHUNK_BYTES:
            self._write_added()

    def _write_added(self) -> None:
        if self._anew:
            self._write(self._anew)
        self._anew = []

    def _next(self) -> pa.Table:
        found = None if self._again is None else next(self._again, None)
        if found is None:
            raise _cut()
        return found

    def _copy_group(self, number: int) -> bool:
        """Copy a row group; False where it is not all that its footer says."""
        added = pa.concat_tables(self._waiting)
        try:
            group = self._source.footer.group(number)
            extents = group.keep(self._source.leaves)
            if group.rows != added.num_rows:
                return False
        except ProtocolError:
            return False
        sink = pa.BufferOutputStream()
        pq.write_table(added, sink, compression="zstd", row_group_size=added.num_rows)
        part = pa.BufferReader(sink.getvalue())
        footer = Footer(part, is_one=True)
        others = footer.group(0)
        places = others.keep([leaf for column in columns(footer.elements) for leaf in leaves(column)])
        are_own = [*self._source.are_copied, *[False] * (len(places) - self._source.are_copied.count(False))]
        begin = self._sink.tell()
        own, rest = iter(extents), iter(places)
        # In their order: some readers take a row group to begin with its first column.
        steps = self._copy([(self._file, next(own)) if is_own else (part, next(rest)) for is_own in are_own])
        group.move(list(compress(steps, are_own)), statistics=self._source.has_same_orders)
        others.move(list(compress(steps, map(not_, are_own))))
        group.merge(others, are_own, begin, self._sink.tell() - begin)
        self._copied.append((begin, group.encoded()))
        self._copied_rows += added.num_rows
        return True

    def _copy(self, extents: Sequence[tuple[Any, Extent]]) -> list[int]:
        """Append these bytes of files, and say how much further on each of them is now."""
        at = self._sink.tell()
        steps = []
        joined: list[tuple[Any, Extent]] = []
        for file, extent in extents:
            steps.append(at - extent.start)
            at += extent.size
            if joined and joined[-1][0] is file and joined[-1][1].end == extent.start:
                start = joined.pop()[1].start
                extent = Extent(start, extent.end - start)
            joined.append((file, extent))
        for file, extent in joined:
            file.seek(extent.start)
            for start in range(extent.start, extent.end, _BLOCK):
                size = min(_BLOCK, extent.end - start)
                block = file.read(size)
                if len(block) < size:
                    raise _cut()
                self._sink.write(block)
        return steps

    def finish(self, path: Path) -> None:
        """Replace the footer of pyarrow, after its writer and the sink were closed."""
        if not self._copied:
            return
        with path.open("r+b") as file:
            footer = Footer(file)
            groups = list(self._copied)
            rows = self._copied_rows
            for number in range(len(footer)):
                group = footer.group(number)
                groups.append((group.start, group.encoded()))
                rows += group.rows
            groups.sort(key=lambda one: one[0])
            size = file.seek(0, 2)
            file.seek(footer.start)
            file.write(footer.with_groups([group for _, group in groups], rows, self._source.footer.created_by))
            # As a rule it is longer. To cut a file takes long.
            if file.tell() < size:
                file.truncate()

    def close(self) -> None:
        """Close the file that was copied from."""
        self._file.close()


def _joined(table: pa.Table, added: pa.Table) -> pa.Table:
    names = set(table.schema.names)
    for name, column in zip(added.schema.names, added.columns, strict=True):
        # Some are in both: those that are not copied.
        table = table if name in names else table.append_column(name, column)
    return table


def _cut() -> ContentError:
    return ContentError("the content is not a complete Parquet file: a part of it is missing.", advice=DAMAGED)
