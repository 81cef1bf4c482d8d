"""Lines of CSV that a runtime may read itself, without a table of Arrow's in between."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class PlainCsv:
    """Some records of a CSV file, without a NUL or an empty line between them.

    ``data`` has them as UTF-8, every one of them ended by ``line_end``; ``rows`` of them. ``names`` are the file's
    columns, all different. A quote that begins a field is closed before a delimiter or the end of the record; within,
    a quote is doubled or, where they are ``escaped``, has a backslash before it, as backslashes themselves.
    """

    names: tuple[str, ...]
    delimiter: str
    line_end: str
    data: pa.Buffer
    rows: int
    escaped: bool = False
