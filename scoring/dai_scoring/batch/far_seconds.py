"""Times in seconds that a format of milliseconds cannot hold: their rows are rejected, as of values that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute

from dai_scoring.formats import Chunk, Format
from dai_scoring.formats.invalid_values import InvalidValues, malformed, shown
from dai_scoring.formats.text import cells

# The stubs know no mix of arrays and scalars.
pc: Any = pyarrow.compute

IN_MILLISECONDS = (Format.AVRO, Format.PARQUET)
"""Formats that have no times in seconds."""
_MOST = (2**63 - 1) // 1000


def rejected(chunk: Chunk, is_written: Callable[[str], bool]) -> Chunk:
    """The chunk with null for such times in the columns that are written, and their rows among the malformed ones."""
    table = chunk.table
    found: InvalidValues = {}
    for index, field in enumerate(table.schema):
        if not (pa.types.is_timestamp(field.type) and field.type.unit == "s" and is_written(field.name)):
            continue
        column = table.column(index)
        numbers = column.cast(pa.int64())
        far = pc.fill_null(pc.or_(pc.greater(numbers, _MOST), pc.less(numbers, -_MOST)), pa.scalar(False))
        rows = pc.indices_nonzero(far).to_pylist()
        if not rows:
            continue
        texts = cells(column.take(pa.array(rows)).combine_chunks()).to_pylist()
        for row, text in zip(rows, texts, strict=True):
            found.setdefault(row, (field.name, shown(text)))
        table = table.set_column(index, field, pc.if_else(far, pa.scalar(None, field.type), column))
    known = chunk.malformed
    if known is not None:
        for row in known.column("row").to_pylist():
            found.pop(row, None)
    fresh = malformed({}, found)
    if fresh is not None and known is not None:
        fresh = pa.concat_tables([known, fresh]).sort_by("row")
    return replace(chunk, table=table, malformed=known if fresh is None else fresh)
