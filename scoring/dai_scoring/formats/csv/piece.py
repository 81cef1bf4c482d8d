"""Some records of CSV that were cut from a file, parsed by Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from dai_scoring.formats.base import Chunk, malformed_table
from dai_scoring.formats.csv.arrow_parser import ArrowParser, to_chunk
from dai_scoring.formats.csv.dialect import Layout
from dai_scoring.formats.csv.quote_positions import marks_of, with_doubled_quotes
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import CsvRecords, NumberColumns
from dai_scoring.values.numbers import finite_numbers

_LONG = float(1 << 63)

_NO_NUMBERS = Declined("no columns are wanted as numbers")
_NOT_NUMBERS = Declined("a value is not the number that its column holds, or a record is malformed")
_LIKE_LITERAL = Declined("a number may mean a missing value, as written otherwise")


class CsvPiece:
    """Some records: a :class:`RecordsPiece`.

    ``data`` has them, after the line end before the first; ``ends`` is where that and where each record ends.
    ``quoted`` says that some have quotes, each of which begins or ends a field or is in it as its dialect demands.
    """

    def __init__(
        self,
        data: pa.Buffer,
        ends: npt.NDArray[np.int64],
        first_row: int,
        layout: Layout,
        numbers: NumberColumns | None,
        *,
        quoted: bool,
    ) -> None:
        self._text = data
        self._quoted = quoted
        self._data = data.slice(int(ends[0]))
        self._ends = ends
        self._first_row = first_row
        self._layout = layout
        self._numbers = numbers

    def parse(self) -> Chunk | Declined:
        """The rows, the wanted numbers as numbers; Declined where one of them is no number."""
        if self._numbers is None:
            return _NO_NUMBERS
        table = self._parsed(self._numbers.types, self._numbers.missing)
        if isinstance(table, Declined):
            return table
        return _LIKE_LITERAL if _are_odd(table, self._numbers) else Chunk(table, lines=self._lines())

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self._layout.names)

    def records(self) -> CsvRecords:
        """The records themselves."""
        layout = self._layout
        dialect = layout.dialect
        rows = len(self._ends) - 1
        return CsvRecords(
            tuple(layout.names), dialect.delimiter, dialect.line_end, self._data, rows, dialect.escape is not None
        )

    def parse_whole(self) -> Chunk:
        """The rows, every column as text."""
        table = self._parsed({}, frozenset())
        if not isinstance(table, Declined):
            return Chunk(table, lines=self._lines())
        records = ArrowParser(BytesIO(self._readable()), self._layout, self._data.size + 1024, self._first_row)
        try:
            chunk = to_chunk(pa.concat_tables(list(records.tables())))
        finally:
            records.close()
        return Chunk(chunk.table, self._as_it_stands(chunk.malformed), self._lines())

    def _as_it_stands(self, malformed: pa.Table | None) -> pa.Table | None:
        """Malformed records with their own texts, where Arrow's reader was given others."""
        if malformed is None or not self._is_escaped:
            return malformed
        rows = malformed.column("row").to_pylist()
        end = len(self._layout.dialect.line_end)
        return malformed_table(
            rows, [self._text[self._ends[row] : self._ends[row + 1] - end].to_pybytes().decode() for row in rows]
        )

    @property
    def _is_escaped(self) -> bool:
        return self._quoted and self._layout.dialect.escape is not None

    def _readable(self) -> pa.Buffer:
        """The records as Arrow's reader takes them."""
        if not self._is_escaped:
            return self._data
        # The line end before them, so that there is a byte before each quote.
        data = np.frombuffer(self._text, np.uint8)
        marks = marks_of(data, self._layout.dialect.delimiter, escape=True)
        return pa.py_buffer(with_doubled_quotes(data, marks)).slice(int(self._ends[0]))

    def _parsed(self, types: Mapping[str, pa.DataType], missing: frozenset[str]) -> pa.Table | Declined:
        """The rows; Declined where one of them is malformed or a value has not its column's type."""
        names = self._layout.names
        # Names of its own: Arrow's converter looks column types up by name.
        keys = [str(index) for index in range(len(names))]
        data = self._readable()
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(data),
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=data.size + 1, column_names=keys),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self._layout.dialect.delimiter, newlines_in_values=self._quoted
                ),
                convert_options=pa_csv.ConvertOptions(
                    check_utf8=False,
                    column_types={key: types.get(name, pa.string()) for key, name in zip(keys, names, strict=True)},
                    null_values=["", *missing],
                ),
            )
        except pa.ArrowInvalid:
            return _NOT_NUMBERS
        return table.rename_columns(list(names))

    def lines_until(self, ends: npt.NDArray[np.int64] | None) -> pa.Array:
        """The records as they stand."""
        return self._lines()

    def _lines(self) -> pa.Array:
        """The lines as :attr:`Chunk.lines`, each after the end of the line before."""
        buffers = [None, pa.py_buffer(self._ends - self._ends[0]), self._text]
        return pa.Array.from_buffers(pa.large_string(), len(self._ends) - 1, buffers)


def _are_odd(table: pa.Table, numbers: NumberColumns) -> bool:
    """Whether a text that was read as a number is, written another way, one that means a missing value."""
    literals = finite_numbers(numbers.missing)
    for name, kind in numbers.types.items():
        column = table.column(name)
        if pa.types.is_floating(kind):
            if pc.any(pc.is_nan(column)).as_py():
                return True
            alike = literals
        else:
            alike = [literal for literal in literals if literal.is_integer() and abs(literal) < _LONG]
        if alike and pc.any(pc.is_in(column, pa.array(alike, pa.float64()).cast(kind))).as_py():
            return True
    return False
