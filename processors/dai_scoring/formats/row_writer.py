"""Writing rows of text: columns are joined to lines by Arrow, and the lines' buffer is the file's content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute

# The stubs know no mix of arrays and scalars, which most functions take.
pc: Any = pyarrow.compute

TEXT = pa.large_string()
SLICE_ROWS = 1 << 15
"""Rows are joined so many at a time, which bounds the copies."""


def write_rows(file: BinaryIO, parts: Sequence[pa.Array[Any] | str]) -> None:
    """Write the parts of every row one after the other; a str is the same for all rows."""
    values = [pa.scalar(part, TEXT) if isinstance(part, str) else part for part in parts]
    write_texts(file, pc.binary_join_element_wise(*values, pa.scalar("", TEXT)))


def write_texts(file: BinaryIO, texts: pa.Array[Any]) -> None:
    """Write texts, of which none is null, one after the other."""
    if not len(texts):
        return
    _, offsets, data = texts.buffers()
    if offsets is None or data is None:
        return
    places = memoryview(offsets).cast("q")
    begin, end = places[texts.offset], places[texts.offset + len(texts)]
    file.write(memoryview(data)[begin:end])
