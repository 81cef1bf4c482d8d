"""CSV whose quotes Arrow's reader would misread, read record by record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, malformed_table
from dai_scoring.formats.csv.dialect import Layout
from dai_scoring.formats.csv.record_cutter import Record, RecordCutter, Unclosed
from dai_scoring.formats.source import QUOTE, TextSource

_BLOCK = 1 << 20
_LONGEST = 1 << 27
"""A record of so many bytes is one whose quote is never closed."""


def chunks(source: TextSource, layout: Layout, chunk_rows: int, first_row: int) -> Iterator[Chunk]:
    """The records of a source that stands where they begin, each with its text as it stands."""
    waiting: list[Record] = []
    size = 0
    for record in _records(source, layout, first_row):
        waiting.append(record)
        size += len(record.text)
        if len(waiting) == chunk_rows or size >= MAX_CHUNK_BYTES:
            yield chunk_of(waiting, layout)
            waiting, size = [], 0
    if waiting:
        yield chunk_of(waiting, layout)


def _records(source: TextSource, layout: Layout, first_row: int) -> Iterator[Record]:
    cutter = RecordCutter(layout.dialect.delimiter, escape=layout.dialect.escape is not None)
    text, place, row = b"", 0, first_row
    block, ended = _BLOCK, False
    while not ended or place < len(text):
        found, end = cutter.next(text, place) if place < len(text) else (None, len(text) + 1)
        # What touches the end of the text may go on after it, and a carriage return before a line feed.
        if end >= len(text) and not ended:
            text, place = text[place:], 0
            if len(text) < _LONGEST:
                more = _at_least(source, max(block, len(text)))
                ended = not more
                text += more
                continue
        if isinstance(found, Unclosed):
            if b'\\"' not in found.line:
                raise ContentError(
                    f'row {row + 1} has a quote (") that is never closed.',
                    advice=QUOTE,
                    row=row + 1,
                )
            found = Record(found.line, None)
        if found is not None:
            yield found
            row += 1
        place = end


def _at_least(source: TextSource, size: int) -> bytes:
    parts = []
    while size > 0 and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def chunk_of(records: Sequence[Record], layout: Layout) -> Chunk:
    """The rows that some records are, each with its text as it stands."""
    width = len(layout.names)
    rows, bad, texts = [], [], []
    for index, record in enumerate(records):
        fields = record.fields
        if fields is None or len(fields) != width:
            bad.append(index)
            texts.append(record.text.decode())
            fields = list(fields or record.text.split(layout.dialect.delimiter.encode()))
            fields = (fields + [b""] * width)[:width]
        rows.append(fields)
    columns = [pa.array(column, pa.binary()).cast(pa.string()) for column in zip(*rows, strict=True)]
    table = pa.Table.from_arrays(columns, names=list(layout.names))
    end = layout.dialect.line_end.encode()
    lines = pa.array([end + record.text for record in records], pa.large_binary()).cast(pa.large_string())
    return Chunk(table, malformed_table(bad, texts), lines)
