"""Records read in Java, by the helper, straight into what a model takes.

It reads what programs usually write, and leaves anything else to :mod:`dai_scoring.values.coerce`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import AvroField, AvroRecords, CsvRecords, JsonRecords, Records
from dai_scoring.runtimes.java import java_arrays, jvm
from dai_scoring.schema import Column, ColumnType
from dai_scoring.values.missing import widened
from dai_scoring.values.numbers import finite_numbers

_LEVEL = "Level"
_NO_TEXTS: frozenset[str] = frozenset()
_UNSEEN = -1
# How many milliseconds a unit of time has; negative: how many units a millisecond has.
_MILLIS = {"s": 1000, "ms": 1, "us": -1000, "ns": -1_000_000}
_DAY = 86_400_000

OTHER_FORM = Declined("Java finds a value that programs do not write so, or a row that the model may refuse")
_OTHER_COLUMNS = Declined("a column of the model is absent, or the delimiter is more than a byte")
_TIME_ELSEWHERE = Declined("a column of the model that is no time has times")


class RecordLayouts:
    """What reads records for one model; safe for threads.

    ``domains`` has the levels of those columns that the model wants as indices of their levels.
    """

    def __init__(self, inputs: Sequence[Column], domains: Sequence[pa.Array | None] | None = None) -> None:
        self._names = [column.name for column in inputs]
        self._inputs = inputs
        self._domains = domains or [None] * len(inputs)
        self._truths = java_arrays.nested_array("int", [_truths(column) for column in inputs])
        self._columns = {_NO_TEXTS: self._made(widened(inputs, _NO_TEXTS))}
        self._numbers = self._made([Column(column.name, column.type) for column in inputs])
        self._known: dict[tuple[Any, ...], Any] = {}

    def _made(self, inputs: Sequence[Column]) -> Any:
        """The helper's ``TextColumn`` of each input, in an array."""
        made = jvm.java_class("daiscoring.TextColumn")
        return java_arrays.array_of(
            made,
            [
                made(
                    column.type.value if levels is None else _LEVEL,
                    java_arrays.strings(sorted(column.missing)),
                    finite_numbers(column.missing),
                    None if levels is None else java_arrays.strings(levels.to_pylist()),
                )
                for column, levels in zip(inputs, self._domains, strict=True)
            ],
        )

    def _columns_with(self, missing: frozenset[str]) -> Any:
        if missing not in self._columns:
            self._columns[missing] = self._made(widened(self._inputs, missing))
        return self._columns[missing]

    def layout(self, records: Records, missing: frozenset[str] = _NO_TEXTS) -> Any | Declined:
        """The helper's ``RecordLayout`` for such records; Declined if they do not have all of the model's columns.

        ``missing`` are texts that mean a missing value besides those of the inputs.
        """
        if isinstance(records, JsonRecords):
            fields = records.fields
            json_key = (fields.absent, fields.absent_start, missing)
            columns = self._once(json_key, lambda: self.json_columns(*json_key))
            between = java_arrays.primitives(np.frombuffer(records.between, np.int8))
            return _class("JsonObjects")(columns, between, java_arrays.primitives(records.starts.astype(np.int32)))
        if isinstance(records, AvroRecords):
            return self._once((*records.fields, missing), lambda: self._avro(records, missing))
        key = (records.names, records.delimiter, records.line_end, records.escaped, missing)
        return self._once(
            key,
            lambda: self.csv_lines(
                records.names,
                records.delimiter,
                missing,
                has_returns=records.line_end == "\r\n",
                are_escaped=records.escaped,
            ),
        )

    def _once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        known = self._known
        if key not in known:
            # Records of one flow are of one layout, or of few.
            known = self._known = {key: make()}
        return known[key]

    def csv_lines(
        self,
        names: Sequence[str],
        delimiter: str,
        missing: frozenset[str],
        *,
        has_returns: bool = False,
        are_escaped: bool = False,
    ) -> Any | Declined:
        """The helper's ``CsvLines`` for lines of a file with these columns: see :class:`CsvRecords`."""
        places = {name: index for index, name in enumerate(self._names)}
        columns = [places.get(name, -1) for name in names]
        mark = delimiter.encode()
        if len(mark) > 1 or len(places) > len(columns) - columns.count(-1):
            return _OTHER_COLUMNS
        return _class("CsvLines")(self._columns_with(missing), columns, mark[0], has_returns, are_escaped)

    def json_columns(self, absent: Collection[str], absent_start: str | None, missing: frozenset[str]) -> Any:
        """The helper's ``JsonColumns`` for objects that may not have some names, or names that begin in some way."""
        start = None if absent_start is None else absent_start.encode()
        return _class("JsonColumns")(
            self._columns_with(missing),
            self._numbers,
            java_arrays.strings([*self._names, *sorted(absent)]),
            None if start is None else java_arrays.primitives(np.frombuffer(start, np.int8)),
            self._truths,
        )

    def _avro(self, avro: AvroRecords, missing: frozenset[str]) -> Any | Declined:
        places = {name: index for index, name in enumerate(self._names)}
        made = []
        for field in avro.fields:
            column = places.pop(field.name, -1) if field.name is not None else -1
            millis = 1 if column < 0 else _millis(field, self._inputs[column])
            if isinstance(millis, Declined):
                return millis
            symbols = None if field.symbols is None else java_arrays.strings(field.symbols)
            is_int = field.kind == pa.int32()
            made.append(_class("AvroField")(field.shape, field.size, field.null, column, millis, is_int, symbols))
        if places:
            return _OTHER_COLUMNS
        fields = java_arrays.array_of(_class("AvroField"), made)
        return _class("AvroRecords")(self._columns_with(missing), fields, self._truths)


def are_whole(records: Records, ends: Any) -> bool:
    """Whether records end where they should, by where Java has found their ends."""
    if isinstance(records, CsvRecords):
        return True
    found = np.array(ends)
    if isinstance(records, JsonRecords):
        return bool(np.array_equal(found, records.ends))
    rows, stops = records.blocks
    return bool(np.array_equal(found[rows - 1], stops))


def _class(name: str) -> Any:
    return jvm.java_class(f"daiscoring.records.{name}")


def _truths(column: Column) -> Any:
    """The indices of the levels that false and true mean, in an ``int[]``; None if the column has no levels."""
    if column.levels is None:
        return None
    yes, no = column.levels.truths
    found = [column.levels.find(text) for text in (no, yes)]
    return java_arrays.primitives(np.array([_UNSEEN if one is None else one for one in found], np.int32))


def _millis(field: AvroField, column: Column) -> int | Declined:
    """How many milliseconds a unit of the field's integers has, as the helper's ``AvroField`` takes it."""
    kind: Any = field.kind
    if not pa.types.is_temporal(kind):
        return 1
    if column.type is not ColumnType.TIME64:
        return _TIME_ELSEWHERE
    return _DAY if pa.types.is_date(kind) else _MILLIS[str(kind.unit)]
