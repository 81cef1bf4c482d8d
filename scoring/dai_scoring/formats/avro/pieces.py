"""Pieces of an Avro file: its blocks as they stand, and records whose fields' places are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, Protocol

import fastavro
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.formats.avro.columns import RecordPlan
from dai_scoring.formats.avro.container import FAULTS, HANDLES_TEXT
from dai_scoring.formats.avro.field_positions import FieldPositions, walk
from dai_scoring.formats.base import Chunk
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import AvroRecords

DAMAGED_FILE = Declined("the file may be damaged")


class Reader(Protocol):
    """What makes columns of records that fastavro has read."""

    def underlying(self) -> Any:
        """The schema, as fastavro parses it, to read records with one by one."""
        ...

    def chunk_of(self, found: Sequence[tuple[dict[str, Any], bytes]]) -> Chunk:
        """At least one record, each with its bytes."""
        ...

    def chunk(self, records: Sequence[dict[str, Any]], lines: pa.Array | None = None) -> Chunk:
        """Records; malformed if a value does not fit the type of its column."""
        ...


def walked(blocks: Sequence[Any], plan: RecordPlan) -> FieldPositions | Declined:
    """Where the fields of blocks are; see :func:`~dai_scoring.formats.avro.field_positions.walk`."""
    return walk([block.bytes_.getvalue() for block in blocks], [block.num_records for block in blocks], plan.steps)


def records_of(blocks: Sequence[Any]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The records of blocks, as fastavro reads them, each with its bytes."""
    for block in blocks:
        stream = block.bytes_
        stream.seek(0)
        place, data, begin = stream.tell, stream.getvalue(), 0
        for record in block:
            end = place()
            yield record, data[begin:end]
            begin = end


class BlocksPiece:
    """The records of some blocks, of which nothing is known yet: a :class:`RecordsPiece`."""

    def __init__(self, reader: Reader, plan: RecordPlan, blocks: list[Any]) -> None:
        self._reader = reader
        self._plan = plan
        self._blocks = blocks
        self._data = pa.py_buffer(b"".join(block.bytes_.getbuffer() for block in blocks))
        self.names = plan.names

    def records(self) -> AvroRecords:
        """The records themselves."""
        rows = np.cumsum([block.num_records for block in self._blocks])
        stops = np.cumsum([len(block.bytes_.getbuffer()) for block in self._blocks])
        return AvroRecords(self._data, int(rows[-1]), self._plan.fields(), (rows, stops))

    def lines_until(self, ends: npt.NDArray[np.int64] | None) -> pa.Array:
        """The records as they stand."""
        return _lines(self._data, np.concatenate([[0], [] if ends is None else ends]))

    def parse(self) -> Chunk | Declined:
        """The columns of the plan, and the records as they stand."""
        found = walked(self._blocks, self._plan)
        if isinstance(found, Declined):
            return found
        return WalkedPiece(self._reader, self._plan, found, 0, len(found.ends)).parse()

    def parse_whole(self) -> Chunk | Declined:
        """All columns."""
        try:
            return self._reader.chunk_of(list(records_of(self._blocks)))
        except FAULTS:
            return DAMAGED_FILE


class WalkedPiece:
    """Some records whose fields' places are known: a :class:`Piece`."""

    def __init__(self, reader: Reader, plan: RecordPlan, walked: FieldPositions, first: int, last: int) -> None:
        self._reader = reader
        self._plan = plan
        self._walked = walked
        self._first, self._last = first, last
        begin = int(walked.ends[first - 1]) if first else 0
        self._offsets = np.concatenate([[begin], walked.ends[first:last]])

    def parse(self) -> Chunk | Declined:
        """The columns of the plan, and the records as they stand."""
        table = self._plan.table(self._walked, self._first, self._last)
        return table if isinstance(table, Declined) else Chunk(table, lines=self._lines())

    def parse_whole(self) -> Chunk | Declined:
        """All columns."""
        schema = self._reader.underlying()
        data = self._walked.data[self._offsets[0] : self._offsets[-1]].tobytes()
        stream = BytesIO(data)
        try:
            records: list[Any] = [
                fastavro.schemaless_reader(stream, schema, None, handle_unicode_errors=HANDLES_TEXT)
                for _ in self._offsets[1:]
            ]
        except FAULTS:
            return DAMAGED_FILE
        return self._reader.chunk(records, self._lines())

    def _lines(self) -> pa.Array:
        return _lines(pa.py_buffer(self._walked.data), self._offsets)


def _lines(data: pa.Buffer, offsets: npt.NDArray[np.int64]) -> pa.Array:
    buffers = [None, pa.py_buffer(np.ascontiguousarray(offsets, np.int64)), data]
    return pa.Array.from_buffers(pa.large_binary(), len(offsets) - 1, buffers)
