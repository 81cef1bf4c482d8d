"""Writing JSON, as an array or as lines."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
import pyarrow as pa

from dai_scoring.formats import text
from dai_scoring.formats.base import Format, check_names
from dai_scoring.formats.row_writer import SLICE_ROWS, write_rows


class JsonWriter:
    """JSON objects, each with all the columns of its table, in an array or one a line.

    JSON texts (``arrow.json``) are written as they are. Numbers are their shortest text (a float32 that of
    the double it is), NaN and infinity null, times ISO 8601 (those with a time zone in UTC), decimals
    numbers with all their digits, binary values Base64. Tables may differ in their columns.
    """

    def __init__(self, path: Path, format: Format) -> None:  # noqa: A002 - the word of the contract
        self._is_array = format is Format.JSON_ARRAY
        self._empty = True
        self._file = path.open("wb")
        if self._is_array:
            self._file.write(b"[")

    def write(self, table: pa.Table) -> None:
        """Append the rows as objects."""
        check_names(table.column_names)
        if table.num_rows <= text.FEW_ROWS and all(map(text.is_plain, table.schema.types)):
            self._few(table)
            return
        before, after = (",\n", "") if self._is_array else ("", "\n")
        keys = [orjson.dumps(name).decode() + ":" for name in table.column_names]
        for batch in table.to_batches(max_chunksize=SLICE_ROWS):
            rows = batch.num_rows
            if not rows:
                continue
            if self._is_array and self._empty:
                self._rows(batch.slice(0, 1), keys, "", "")
                batch = batch.slice(1)
            self._empty = False
            if batch.num_rows:
                self._rows(batch, keys, before, after)

    def _few(self, table: pa.Table) -> None:
        """Append some rows by way of Python's objects: for few that is quicker than a few Arrow calls a column."""
        objects = [orjson.dumps(row) for row in table.to_pylist()]
        if not objects:
            return
        if self._is_array:
            self._file.write(b"" if self._empty else b",\n")
            self._file.write(b",\n".join(objects))
        else:
            self._file.write(b"\n".join(objects) + b"\n")
        self._empty = False

    def close(self) -> None:
        """Finish the file."""
        if not self._file.closed and self._is_array:
            self._file.write(b"]")
        self._file.close()

    def __enter__(self) -> JsonWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self, batch: pa.RecordBatch, keys: list[str], before: str, after: str) -> None:
        if not keys:
            self._file.write((before + "{}" + after).encode() * batch.num_rows)
            return
        parts: list[pa.Array[Any] | str] = []
        start = before + "{"
        for key, column in zip(keys, batch.columns, strict=True):
            parts += [start + key, text.json_values(column)]
            start = ","
        write_rows(self._file, [*parts, "}" + after])
