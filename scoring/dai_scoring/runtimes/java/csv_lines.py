"""Lines of CSV read in Java, by the helper, straight into what a model takes.

It reads what programs usually write in a field, and leaves anything else to :mod:`dai_scoring.values.coerce`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from dai_scoring.formats.csv.records import CsvRecords
from dai_scoring.formats.declined import Declined
from dai_scoring.runtimes.java import java_arrays, jvm
from dai_scoring.schema import Column
from dai_scoring.values.missing import widened
from dai_scoring.values.numbers import finite_numbers

_LEVEL = "Level"
_NO_TEXTS: frozenset[str] = frozenset()

OTHER_FORM = Declined("Java finds a field that programs do not write so, or a row that the model may refuse")
_OTHER_COLUMNS = Declined("a column of the model is absent, or the delimiter is more than a byte")


class LineReader:
    """What reads lines for one model; safe for threads.

    ``domains`` has the levels of those columns that the model wants as indices of their levels.
    """

    def __init__(self, inputs: Sequence[Column], domains: Sequence[pa.Array | None] | None = None) -> None:
        self._names = [column.name for column in inputs]
        self._inputs = inputs
        self._domains = domains or [None] * len(inputs)
        self._fields = {_NO_TEXTS: self._made(_NO_TEXTS)}
        self._known: dict[tuple[tuple[str, ...], str, str, bool, frozenset[str]], Any] = {}

    def _made(self, missing: frozenset[str]) -> list[Any]:
        """The helper's ``CsvField`` of each input, with further texts that mean a missing value."""
        field = jvm.java_class("daiscoring.CsvField")
        return [
            field(
                column.type.value if levels is None else _LEVEL,
                java_arrays.strings(sorted(column.missing)),
                finite_numbers(column.missing),
                None if levels is None else java_arrays.strings(levels.to_pylist()),
            )
            for column, levels in zip(widened(self._inputs, missing), self._domains, strict=True)
        ]

    def layout(self, csv: CsvRecords, missing: frozenset[str] = _NO_TEXTS) -> Any | Declined:
        """The helper's ``CsvLines`` for such a file; Declined where it has not all of the model's columns.

        ``missing`` are texts that mean a missing value besides those of the inputs.
        """
        key = (csv.names, csv.delimiter, csv.line_end, csv.escaped, missing)
        known = self._known
        if key not in known:
            # Files of one flow are of one layout, or of few.
            known = self._known = {key: self._layout(csv, missing)}
        return known[key]

    def _layout(self, csv: CsvRecords, missing: frozenset[str]) -> Any | Declined:
        places = {name: index for index, name in enumerate(self._names)}
        columns = [places.get(name, -1) for name in csv.names]
        delimiter = csv.delimiter.encode()
        if len(delimiter) > 1 or len(places) > len(columns) - columns.count(-1):
            return _OTHER_COLUMNS
        if missing not in self._fields:
            self._fields[missing] = self._made(missing)
        fields = java_arrays.array_of(jvm.java_class("daiscoring.CsvField"), self._fields[missing])
        returns = csv.line_end == "\r\n"
        return jvm.java_class("daiscoring.CsvLines")(delimiter[0], returns, csv.escaped, columns, fields)
