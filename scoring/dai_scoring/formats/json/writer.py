"""Writing JSON, as an array or as lines."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.compute

from dai_scoring.formats import text
from dai_scoring.formats.base import Format, check_names
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.row_writer import SLICE_ROWS, groups_of, rows_of

# The stubs know no mix of arrays and scalars, which most functions take.
pc: Any = pyarrow.compute


def joined(objects: Sequence[bytes], format: Format, *, is_object: bool = False) -> bytes:  # noqa: A002 - the contract's
    """A file of some objects, as :class:`JsonWriter` writes it."""
    if is_object and objects:
        return objects[0]
    return b"[" + b",\n".join(objects) + b"]" if format is Format.JSON_ARRAY else b"\n".join([*objects, b""])


def of_lines(form: Format, table: pa.Table, lines: pa.Array, counts: Sequence[int]) -> list[bytes] | Declined:
    """Files of so many rows each, as :class:`JsonWriter` writes them; for ``lines`` see :meth:`JsonWriter.encode`."""
    head = BytesIO()
    _, text, close = JsonWriter(head, form).encode(table, lines)
    between = between_of(lines)
    tail = bytes(close) + b"]" if form is Format.JSON_ARRAY else bytes(close)
    # With the brace of the next object: without it, the same often stands after a nested object.
    rows = bytes(text)[1:].split(between + b"{")
    groups = groups_of(rows, counts)
    if isinstance(groups, Declined):
        return groups
    return [b"".join([head.getvalue(), b"{", (between + b"{").join(group), tail]) for group in groups]


def emptied(lines: pa.Array, malformed: pa.Array) -> pa.Array:
    """The rows as ``lines``, with nothing in those that are malformed."""
    return pc.if_else(malformed, pa.scalar(between_of(lines).decode() + "{", lines.type), lines)


def with_codes(lines: pa.Array, codes: pa.Array, malformed: pa.Array, key: str) -> pa.Array:
    """Rejected rows as ``lines``, with their codes after what they have; of the malformed ones nothing is kept."""
    own = _with_comma(emptied(lines, malformed))
    named = pa.scalar(orjson.dumps(key).decode() + ":", lines.type)
    return pc.binary_join_element_wise(own, named, text.json_values(codes), pa.scalar("", lines.type))


def _with_comma(lines: pa.Array) -> pa.Array:
    """The rows ready for another value: with a comma, but for those that have none yet."""
    comma = pc.if_else(pc.ends_with(lines, "{"), pa.scalar("", lines.type), pa.scalar(",", lines.type))
    return pc.binary_join_element_wise(lines, comma, pa.scalar("", lines.type))


def between_of(lines: pa.Array) -> bytes:
    """What stands between two rows, that of :attr:`~dai_scoring.formats.base.Chunk.lines`, at least one."""
    first: str = lines[0].as_py()
    return first.partition("{")[0].encode()


class JsonWriter:
    """JSON objects, each with all the columns of its table, in an array or one a line.

    JSON texts (``arrow.json``) are written as they are. Numbers are their shortest text (a float32 that of
    the double it is), NaN and infinity null, times ISO 8601 (those with a time zone in UTC), decimals
    numbers with all their digits, binary values Base64. Tables may differ in their columns. With ``is_object`` an
    array of one is that object alone.
    """

    def __init__(
        self,
        path: Path | BinaryIO,
        format: Format,  # noqa: A002 - the word of the contract
        *,
        is_object: bool = False,
    ) -> None:
        self._is_object = is_object and format is Format.JSON_ARRAY
        self._is_array = format is Format.JSON_ARRAY and not self._is_object
        self._empty = True
        self._before, self._after = (b",\n", b"") if self._is_array else (b"", b"" if self._is_object else b"\n")
        self._file: BinaryIO = path.open("wb") if isinstance(path, Path) else path
        if self._is_array:
            self._file.write(b"[")

    def encode(self, table: pa.Table, lines: pa.Array | None = None) -> list[memoryview | bytes]:
        """The rows as objects: in an array each has a comma before it, which the first of a file is put without.

        ``lines`` are rows of the same format as they were read: the table's columns come after what they have.
        """
        check_names(table.column_names)
        if lines is not None:
            return self._with_columns(lines, table)
        if text.is_quicker_in_python(table):
            objects = [orjson.dumps(row) for row in table.to_pylist()]
            return [self._before + one + self._after for one in objects]
        keys = [orjson.dumps(name).decode() + ":" for name in table.column_names]
        return [self._rows(batch, keys) for batch in table.to_batches(max_chunksize=SLICE_ROWS) if batch.num_rows]

    def _with_columns(self, lines: pa.Array, table: pa.Table) -> list[memoryview | bytes]:
        if not table.num_rows:
            return []
        has_empty = pc.any(pc.ends_with(lines, "{")).as_py()
        parts: list[pa.Array[Any] | str] = [_with_comma(lines) if has_empty else lines]
        comma = "" if has_empty else ","
        for name, column in zip(table.column_names, table.combine_chunks().columns, strict=True):
            parts += [comma + orjson.dumps(name).decode() + ":", text.json_values(column.chunk(0))]
            comma = ","
        # What ended the row before the first belongs after the last, but for what comes before a next one.
        between = between_of(lines)
        close = between[: between.index(b"}") + 1]
        return [self._before, rows_of(parts)[len(between) :], close + self._after]

    def put(self, encoded: Sequence[memoryview | bytes]) -> None:
        """Append rows."""
        for part in encoded:
            self._file.write(part[len(self._before) :] if self._empty else part)
            self._empty = False

    def close(self) -> None:
        """Finish the file."""
        if not self._file.closed and self._is_array:
            self._file.write(b"]")
        if not self._file.closed and self._is_object and self._empty:
            self._file.write(b"[]")
        self._file.close()

    def __enter__(self) -> JsonWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self, batch: pa.RecordBatch, keys: list[str]) -> memoryview | bytes:
        before, after = self._before.decode(), self._after.decode()
        if not keys:
            return (before + "{}" + after).encode() * int(batch.num_rows)
        parts: list[pa.Array[Any] | str] = []
        start = before + "{"
        for key, column in zip(keys, batch.columns, strict=True):
            parts += [start + key, text.json_values(column)]
            start = ","
        return rows_of([*parts, "}" + after])
