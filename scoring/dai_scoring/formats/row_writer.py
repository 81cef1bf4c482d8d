"""Rows of text: columns are joined to lines by Arrow, and the lines' buffer is the file's content."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.compute

from dai_scoring.formats.declined import Declined

# The stubs know no mix of arrays and scalars, which most functions take.
pc: Any = pyarrow.compute

_OTHER_COUNT = Declined("what stands between two records stands elsewhere too")
TEXT = pa.large_string()
SLICE_ROWS = 1 << 15
"""Rows are joined so many at a time, which bounds the copies."""


def groups_of(rows: Sequence[bytes], counts: Sequence[int]) -> list[Sequence[bytes]] | Declined:
    """The rows so many at a time; Declined if there are not as many as that."""
    ends = list(accumulate(counts))
    if ends[-1] != len(rows):
        return _OTHER_COUNT
    return [rows[end - count : end] for end, count in zip(ends, counts, strict=True)]


def rows_of(parts: Sequence[pa.Array[Any] | str], separator: str = "") -> memoryview | bytes:
    """The bytes of rows whose parts are joined, one row after the other; a str is the same for all rows."""
    values = [pa.scalar(part, TEXT) if isinstance(part, str) else part for part in parts]
    texts = pc.binary_join_element_wise(*values, pa.scalar(separator, TEXT))
    _, offsets, data = texts.buffers()
    if not len(texts) or offsets is None or data is None:
        return b""
    places = memoryview(offsets).cast("q")
    return memoryview(data)[places[texts.offset] : places[texts.offset + len(texts)]]
