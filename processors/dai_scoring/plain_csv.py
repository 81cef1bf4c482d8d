"""Lines of CSV that a runtime may read itself, without a table of Arrow's in between."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class PlainCsv:
    """Some records of a CSV file, each a line, without a quote, a NUL or an empty line among them.

    ``data`` has the lines as UTF-8, every one of them ended by ``line_end``; ``rows`` of them. ``names`` are the
    file's columns, all different.
    """

    names: tuple[str, ...]
    delimiter: str
    line_end: str
    data: pa.Buffer
    rows: int
