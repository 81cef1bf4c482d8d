"""Writing CSV in the dialect of the input."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute

from dai_scoring.errors import ContentError
from dai_scoring.formats import text
from dai_scoring.formats.base import Dialect, check_names
from dai_scoring.formats.csv.dialect import DELIMITERS
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.row_writer import SLICE_ROWS, TEXT, groups_of, rows_of

# The stubs lack methods of arrays, and functions that take arrays and scalars.
Array: TypeAlias = Any
pc: Any = pyarrow.compute

_EMPTY = pa.scalar("", TEXT)


def cell(value: Any) -> str:
    """A value as CSV shows it; the same text that its column becomes."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "inf" if value > 0 else "-inf"
    return orjson.dumps(value).decode()


def write_rows(names: Sequence[str], columns: Sequence[Sequence[Any]], dialect: Dialect) -> bytes:
    """A file of some rows, given as Python's objects, as :class:`CsvWriter` writes it."""
    rows = zip(*[list(map(cell, column)) for column in columns], strict=True)
    return dialect.line_end.join([*_lines([names], dialect), *_lines(rows, dialect), ""]).encode()


def fields(values: Sequence[Any], dialect: Dialect) -> list[str]:
    """Values of one column as they stand in a line; the delimiter is no part of a number."""
    text = orjson.dumps(values)[1:-1].decode()
    if '"' in text:
        # A column of text has few labels.
        known = {value: _field(cell(value), dialect) for value in set(values)}
        return [known[value] for value in values]
    # JSON has no NaN, and null is another text.
    return list(map(cell, values)) if "null" in text else text.split(",")


def of_lines(
    schema: pa.Schema, dialect: Dialect, table: pa.Table, lines: Array, counts: Sequence[int]
) -> list[bytes] | Declined:
    """Files of so many rows each, as :class:`CsvWriter` writes them; for ``lines`` see :meth:`CsvWriter.encode`."""
    header = BytesIO()
    encoded = CsvWriter(header, schema, dialect).encode(table, lines)
    end = dialect.line_end.encode()
    rows = b"".join(encoded)[len(end) :].split(end)
    groups = groups_of(rows, counts)
    if isinstance(groups, Declined):
        return groups
    return [b"".join([header.getvalue(), end, end.join(group), end]) for group in groups]


def _lines(rows: Iterable[Sequence[str]], dialect: Dialect) -> list[str]:
    specials = _specials(dialect)

    def line(row: Sequence[str]) -> str:
        text = dialect.delimiter.join(row)
        # A look at the whole line first: as a rule none of its fields needs quotes.
        if any(mark in text for mark in specials[1:]) or text.count(dialect.delimiter) != len(row) - 1:
            text = dialect.delimiter.join([_field(cell, dialect) for cell in row])
        # An empty line would be no record.
        return text or dialect.quote * 2

    return list(map(line, rows))


def _specials(dialect: Dialect) -> tuple[str, ...]:
    return (dialect.delimiter, dialect.quote, "\r", "\n", *(dialect.escape or ()))


def _field(cell: str, dialect: Dialect) -> str:
    """A cell as it stands in a line: in quotes if it needs them."""
    if not any(mark in cell for mark in _specials(dialect)):
        return cell
    escape = dialect.escape or dialect.quote
    if dialect.escape is not None:
        cell = cell.replace(escape, escape * 2)
    return dialect.quote + cell.replace(dialect.quote, escape + dialect.quote) + dialect.quote


class CsvWriter:
    """A CSV file with a header line; null is an empty field, and only fields that need quotes have them.

    Numbers are their shortest text (a float32 that of the double it is), NaN and inf in words, times ISO
    8601 (those with a time zone in UTC), binary values Base64, nested values JSON. In a file of one column
    an empty field is ``""``, because an empty line would be no record.
    """

    def __init__(self, path: Path | BinaryIO, schema: pa.Schema, dialect: Dialect | None = None) -> None:
        check_names(schema.names)
        self._names = schema.names
        self._dialect = dialect or Dialect()
        quote = re.escape(self._dialect.quote)
        escape = self._dialect.escape or ""
        self._special = f"[{re.escape(self._dialect.delimiter)}{quote}{re.escape(escape)}\\r\\n]"
        marks = (self._dialect.delimiter, self._dialect.quote, "\r", "\n", *escape)
        self._marks = [mark.encode() for mark in marks]
        self._line_end = pa.scalar(self._dialect.line_end, TEXT)
        self._file: BinaryIO = path.open("wb") if isinstance(path, Path) else path
        if self._dialect.bom:
            self._file.write(b"\xef\xbb\xbf")
        if self._names:
            self._file.write(_lines([self._names], self._dialect)[0].encode())

    def encode(self, table: pa.Table, lines: Array | None = None) -> list[memoryview | bytes]:
        """Rows as text, each with the line end before it; a column that the file lacks raises ContentError.

        ``lines`` are the rows as they were read, in a dialect like this: the table's columns come after them.
        """
        known, present = set(self._names), set(table.column_names)
        more = [name for name in table.column_names if name not in known]
        if more:
            raise ContentError(
                f"column {more[0][:40]!r} appears in later records only, and a CSV file has one header.",
                advice=("Give every record all columns.", "Or set {output_format} to JSON."),
                column=more[0],
            )
        names = self._names if lines is None else table.column_names
        if lines is None and text.is_quicker_in_python(table):
            return [self._python_rows(table)]
        table = table.select([name for name in names if name in present])
        encoded = []
        for start in range(0, table.num_rows, SLICE_ROWS):
            batch = _batch(table.slice(start, SLICE_ROWS))
            columns = [self._cells(batch, name) for name in names]
            if lines is None:
                columns[0] = pc.binary_join_element_wise(self._line_end, columns[0], _EMPTY)
            else:
                columns.insert(0, lines.slice(start, SLICE_ROWS))
            encoded.append(rows_of(columns, self._dialect.delimiter))
        return encoded

    def put(self, encoded: Sequence[memoryview | bytes]) -> None:
        """Append rows."""
        for part in encoded:
            self._file.write(part)

    def _python_rows(self, table: pa.Table) -> bytes:
        """Some rows by way of Python's objects; see :func:`dai_scoring.formats.text.is_quicker_in_python`."""
        present = dict(zip(table.column_names, table.columns, strict=True))
        columns = [
            list(map(cell, present[name].to_pylist())) if name in present else [""] * table.num_rows
            for name in self._names
        ]
        rows = _lines(zip(*columns, strict=True), self._dialect)
        return "".join([self._dialect.line_end + row for row in rows]).encode()

    def close(self) -> None:
        """Finish the file."""
        if self._names and not self._file.closed:
            self._file.write(self._dialect.line_end.encode())
        self._file.close()

    def __enter__(self) -> CsvWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _cells(self, batch: pa.RecordBatch, name: str) -> Array:
        index = batch.schema.get_field_index(name)
        if index < 0:
            return self._quoted(pa.array([""] * batch.num_rows, TEXT))
        column = batch.column(index)
        cells = text.cells(column)
        cells = pc.fill_null(cells, _EMPTY) if cells.null_count else cells
        if text.is_numeric(column.type) and self._dialect.delimiter in DELIMITERS:
            return cells if len(self._names) > 1 else self._quoted(cells)
        return self._quoted(cells)

    def _quoted(self, cells: Array) -> Array:
        """The fields, in quotes where they need them."""
        if not self._has_special(cells):
            return cells
        special = pc.match_substring_regex(cells, self._special)
        if len(self._names) == 1:
            special = pc.or_(special, pc.equal(cells, _EMPTY))
        if not pc.any(special).as_py():
            return cells
        mark = self._dialect.quote
        escape = self._dialect.escape
        escaped = cells.filter(special)
        if escape is not None:
            escaped = pc.replace_substring(escaped, escape, escape * 2)
        escaped = pc.replace_substring(escaped, mark, (escape or mark) + mark)
        quote = pa.scalar(mark, TEXT)
        quoted = pc.binary_join_element_wise(quote, escaped, quote, _EMPTY)
        return pc.replace_with_mask(cells, special, quoted)

    def _has_special(self, cells: Array) -> bool:
        """Whether any of the fields may need quotes: a look at all their bytes at once, which few columns fail."""
        if len(self._names) == 1:
            return True
        _, offsets, data = cells.buffers()
        if offsets is None or data is None:
            return False
        places = memoryview(offsets).cast("q")
        text = bytes(memoryview(data)[places[cells.offset] : places[cells.offset + len(cells)]])
        return any(mark in text for mark in self._marks)


def _batch(rows: pa.Table) -> pa.RecordBatch:
    (batch,) = rows.combine_chunks().to_batches()
    return batch
