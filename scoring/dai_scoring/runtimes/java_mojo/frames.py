"""Columns into and out of the frames of H2O's Java MOJO runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dai_scoring.engine import Predicted
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import Records
from dai_scoring.runtimes.java import java_arrays, jvm
from dai_scoring.runtimes.java.record_layouts import OTHER_FORM, are_whole
from dai_scoring.runtimes.java.row_requests import Made
from dai_scoring.schema import Column, ColumnType
from dai_scoring.values.model_rows import null_mask

# What stands for a missing value in a frame's primitive arrays: MojoColumn.Type.NULL.
_MISSING_BOOL = -128
_ARROW_ONLY = (ColumnType.BOOL, ColumnType.TIME64)
_OTHER_OUTPUTS = Declined("the model gives times or truth values")
_MISSING_INT = {ColumnType.INT32: -(2**31), ColumnType.INT64: -(2**63)}


class Frames:
    """A loaded ``MojoPipeline`` that transforms whole columns; as safe for threads as the pipeline: wholly."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self._empty = jvm.java_class("ai.h2o.mojos.runtime.frame.MojoFrameBuilder").getEmpty
        self._input_meta = pipeline.getInputMeta()
        self.inputs = _columns(self._input_meta)
        self.outputs = _columns(pipeline.getOutputMeta())
        self._schema = pa.schema([(column.name, column.type.arrow) for column in self.outputs])
        self._caller = jvm.java_class("daiscoring.PipelineFrames")(pipeline)
        self.gives_floats = {column.type for column in self.outputs} <= {ColumnType.FLOAT32, ColumnType.FLOAT64}
        """Whether all predictions are floating point numbers."""
        self._gives_values = {column.type for column in self.outputs}.isdisjoint(_ARROW_ONLY)

    def transform(self, columns: Sequence[pa.Array], rows: int) -> pa.Table:
        """What the pipeline makes of the rows: the columns ``outputs``. One array for each of ``inputs``."""
        if rows == 0:
            return self._schema.empty_table()
        frame = self._empty(self._input_meta, rows)
        for index, (column, values) in enumerate(zip(self.inputs, columns, strict=True)):
            fill(frame.getColumnData(index), column.type, values)
        return self._made(frame)

    def transform_records(self, records: Records, layout: Any) -> Predicted | Declined:
        """The same of records as they stand; Declined where Java does not read a value in them."""
        frame = self._empty(self._input_meta, records.rows)
        columns = [frame.getColumnData(index) for index in range(len(self.inputs))]
        ends = layout.fill(java_arrays.byte_buffer(records.data), records.rows, java_arrays.objects(columns))
        if ends is None or not are_whole(records, ends):
            return OTHER_FORM
        return Predicted(self._made(frame), ends=np.array(ends))

    def transform_values(self, columns: Sequence[Sequence[Any]], rows: int) -> list[list[Any]] | Declined:
        """The same of few rows, as Python's objects: see :class:`dai_scoring.engine.ValuesEngine`."""
        if not self._gives_values:
            return _OTHER_OUTPUTS
        frame = self._empty(self._input_meta, rows)
        for index, (column, values) in enumerate(zip(self.inputs, columns, strict=True)):
            fill_values(frame.getColumnData(index), column.type, values)
        made = self._pipeline.transform(frame)
        return [read_values(made.getColumnData(index), column.type) for index, column in enumerate(self.outputs)]

    def transform_requests(self, reader: Any, data: bytes, ends: Any) -> Made:
        """What the helper's ``RowRequests`` makes of requests; the pipeline gives floats."""
        return Made(reader.score(self._caller, data, ends, len(self.outputs)))

    def _made(self, frame: Any) -> pa.Table:
        made = self._pipeline.transform(frame)
        arrays = [read(made.getColumnData(index), column.type) for index, column in enumerate(self.outputs)]
        return pa.table(arrays, schema=self._schema)


def is_missing(number: Any) -> bool:
    """Whether an element of a frame's column of numbers stands for a missing value."""
    return bool(number != number) or int(number) in _MISSING_INT.values()


def _columns(meta: Any) -> tuple[Column, ...]:
    return tuple(Column(str(c.getColumnName()), ColumnType(str(c.getColumnType()))) for c in meta.getColumns())


def fill(target: Any, kind: ColumnType, values: pa.Array) -> None:
    """Copy an Arrow array of ``kind.arrow`` into the Java array of a frame's column; null becomes missing."""
    if kind is ColumnType.STR:
        java_arrays.fill_strings(target, values)
    elif kind is ColumnType.TIME64:
        present = ~null_mask(values)
        java_arrays.fill_times(target, values.cast(pa.int64()).fill_null(0).to_numpy(), present)
    elif kind is ColumnType.BOOL:
        numbers = values.cast(pa.int8()).fill_null(_MISSING_BOOL)
        target[:] = numbers.to_numpy(zero_copy_only=False)
    elif kind in _MISSING_INT:
        target[:] = values.fill_null(_MISSING_INT[kind]).to_numpy()
    else:
        target[:] = values.to_numpy(zero_copy_only=False)  # null becomes NaN, Java's missing value


def fill_values(target: Any, kind: ColumnType, values: Sequence[Any]) -> None:
    """Copy Python's objects into the Java array of a frame's column; None becomes missing. Times are milliseconds."""
    if kind is ColumnType.STR:
        target[:] = values
    elif kind is ColumnType.TIME64:
        present = np.array([value is not None for value in values], bool)
        java_arrays.fill_times(target, np.array([value or 0 for value in values], np.int64), present)
    elif None in values:
        missing = _MISSING_BOOL if kind is ColumnType.BOOL else _MISSING_INT.get(kind, np.nan)
        target[:] = [missing if value is None else value for value in values]
    else:
        target[:] = values


def read_values(data: Any, kind: ColumnType) -> list[Any]:
    """The Java array of a frame's column as Python's objects; missing becomes None or NaN, as in :func:`read`."""
    if kind is ColumnType.STR:
        return [None if item is None else str(item) for item in data]
    values: list[Any] = np.array(data).tolist()
    missing = _MISSING_INT.get(kind)
    return values if missing is None else [None if value == missing else value for value in values]


def read(data: Any, kind: ColumnType) -> pa.Array:
    """The Java array of a frame's column as an Arrow array of ``kind.arrow``; missing becomes null or NaN."""
    if kind is ColumnType.STR:
        return java_arrays.strings_to_arrow(data)
    if kind is ColumnType.TIME64:
        millis = [None if item is None else int(item.getMillis()) for item in data]
        return pa.array(millis, pa.int64()).cast(kind.arrow)
    numbers = np.array(data)
    if kind is ColumnType.BOOL:
        return pa.array(numbers == 1, mask=numbers == _MISSING_BOOL)
    if kind in _MISSING_INT:
        return pa.array(numbers, kind.arrow, mask=numbers == _MISSING_INT[kind])
    return pa.array(numbers, kind.arrow)
