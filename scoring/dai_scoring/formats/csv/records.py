"""Records of a CSV file as bytes, for a runtime that reads them itself: no Arrow table is made of them."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class CsvRecords:
    """Some records of a CSV file, without a NUL or an empty line between them.

    ``data`` has ``rows`` records as UTF-8, each ended by ``line_end``. ``names`` are the file's columns, all different.
    A quote that begins a field is closed before a delimiter or the end of the record. Quotes within it are doubled. If
    ``escaped`` is True, a backslash comes before them instead, and before each backslash.
    """

    names: tuple[str, ...]
    delimiter: str
    line_end: str
    data: pa.Buffer
    rows: int
    escaped: bool = False
