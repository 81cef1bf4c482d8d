"""Columns of Avro records whose fields' places are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.formats.avro.field_positions import Bytes, FieldPositions, Places, Shape, Step, step_of
from dai_scoring.formats.avro.schema import FieldIn, types_within
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import AvroField, WantedFields

_NUMBERS = {pa.float64(): "<f8", pa.float32(): "<f4"}
_SHAPES = {pa.float64(): "DOUBLE", pa.float32(): "FLOAT", pa.bool_(): "BOOLEAN"}

_NAME_CLASH = Declined("a column has the name of a prediction")
_ABSENT_COLUMN = Declined("a column of the model is absent")
_OTHER_TYPE = Declined("a column of the model has a type that is read value by value")
_NOT_THE_TYPE = Declined("a value is not of its column's type")
_LONG_TEXT = Declined("a column has more text than fits an array")
_NOT_UTF8 = Declined("a text is not valid UTF-8")


@dataclass(frozen=True)
class _Column:
    """A column that is read: its place among the fields, and the texts of an enumeration."""

    index: int
    step: Step
    field: pa.Field[Any]
    symbols: pa.Array | None


@dataclass(frozen=True)
class RecordPlan:
    """How to go through the records of a file, and which columns to read of them."""

    steps: Sequence[Step]
    columns: Sequence[_Column]

    @property
    def names(self) -> list[str]:
        """The columns that are read."""
        return [column.field.name for column in self.columns]

    def fields(self) -> tuple[AvroField, ...]:
        """The fields for a runtime that reads the records itself."""
        columns = {column.index: column for column in self.columns}
        return tuple(_as_field(step, columns.get(index)) for index, step in enumerate(self.steps))

    def table(self, walked: FieldPositions, first: int, last: int) -> pa.Table | Declined:
        """The columns of some records; Declined where a value is not what it should be."""
        arrays = []
        for column in self.columns:
            array = _array(walked.data, walked.places[column.index, first:last].astype(np.int64), column)
            if isinstance(array, Declined):
                return array
            arrays.append(array)
        return pa.Table.from_arrays(arrays, schema=pa.schema([column.field for column in self.columns]))


def _as_field(step: Step, column: _Column | None) -> AvroField:
    null = -1 if step.null is None else step.null
    if column is None:
        return AvroField(step.shape.name, step.size, null)
    kind = column.field.type
    name, symbols = column.field.name, None
    shape = _SHAPES.get(kind, step.shape.name)
    if column.symbols is not None:
        shape, symbols = "ENUM", tuple(column.symbols.to_pylist())
    return AvroField(shape, step.size, null, name, kind, symbols)


def plan_of(schema: Mapping[str, Any], fields: Sequence[FieldIn], wanted: WantedFields) -> RecordPlan | Declined:
    """The plan for records of an (unparsed) schema.

    Declined where there are fields that have parts, or columns that are wanted are not there or not of a simple type,
    or one is there that must not be.
    """
    named = types_within(schema)
    names = [item.field.name for item in fields]
    steps = [step_of(field["type"], named) for field in schema["fields"]]
    known: list[Step] = []
    for step in steps:
        if isinstance(step, Declined):
            return step
        known.append(step)
    if not wanted.absent.isdisjoint(names):
        return _NAME_CLASH
    if not set(wanted.types).issubset(names):
        return _ABSENT_COLUMN
    columns = []
    for index, (item, step) in enumerate(zip(fields, known, strict=True)):
        if item.field.name not in wanted.types:
            continue
        symbols = _symbols(schema["fields"][index]["type"], named)
        if item.convert is not None or not _is_read(item.field.type, step, symbols):
            return _OTHER_TYPE
        columns.append(_Column(index, step, item.field, symbols))
    return RecordPlan(known, columns)


def _is_read(kind: pa.DataType, step: Step, symbols: Any) -> bool:
    if step.shape is Shape.COUNTED:
        return bool(pa.types.is_string(kind))
    if step.shape is Shape.VARINT:
        # What is no time of a day has to be found.
        is_read = pa.types.is_integer(kind) or (pa.types.is_temporal(kind) and not pa.types.is_time(kind))
        return symbols is not None or is_read
    return kind in _NUMBERS or pa.types.is_boolean(kind)


def _symbols(kind: Any, named: Any) -> pa.Array | None:
    while not (isinstance(kind, dict) and kind["type"] == "enum"):
        if isinstance(kind, list):
            kind = next(branch for branch in kind if branch != "null")
        elif isinstance(kind, dict):
            kind = kind["type"]
        elif (kind := named(kind)) is None:
            return None
    return pa.array(kind["symbols"], pa.string())


def _array(data: Bytes, place: Places, column: _Column) -> pa.Array | Declined:
    step, kind = column.step, column.field.type
    missing = None
    if step.null is not None:
        missing = data[place] == step.null
        place = place + 1
    if step.shape is Shape.COUNTED:
        return _texts(data, place, missing)
    if step.shape is Shape.VARINT:
        numbers, _ = _integers(data, place, missing)
        if column.symbols is not None:
            if ((numbers < 0) | (numbers >= len(column.symbols))).any():
                return _NOT_THE_TYPE
            return column.symbols.take(pa.array(numbers, mask=missing))
        if kind.bit_width == 32:
            if (numbers != numbers.astype(np.int32)).any():
                return _NOT_THE_TYPE
            numbers = numbers.astype(np.int32)
        return pa.array(numbers, mask=missing).cast(kind)
    if pa.types.is_boolean(kind):
        truths = data[place]
        present = truths if missing is None else truths[~missing]
        return _NOT_THE_TYPE if (present > 1).any() else pa.array(truths == 1, mask=missing)
    form = np.dtype(_NUMBERS[kind])
    # Every place of the bytes as if a number began there.
    values = np.ndarray((len(data) - form.itemsize + 1,), form, data, strides=(1,))[place]
    return pa.array(values, kind, mask=missing)


def _integers(data: Bytes, place: Places, missing: npt.NDArray[np.bool_] | None) -> tuple[Places, Places]:
    """Integers, zigzag and seven bits a byte, 0 where missing; and where they end."""
    here = np.ones(len(place), bool) if missing is None else ~missing
    byte = data[place]
    found = np.where(here, byte & 127, 0).astype(np.uint64)
    more = here & (byte >= 128)
    shift = 7
    while more.any():
        place = place + more
        byte = data[place]
        found |= np.where(more, byte & 127, 0).astype(np.uint64) << np.uint64(shift)
        more &= byte >= 128
        shift += 7
    numbers = (found >> np.uint64(1)) ^ (np.uint64(0) - (found & np.uint64(1)))
    return numbers.view(np.int64), place + here


def _texts(data: Bytes, place: Places, missing: npt.NDArray[np.bool_] | None) -> pa.Array | Declined:
    sizes, begins = _integers(data, place, missing)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    if offsets[-1] >= 1 << 31:
        return _LONG_TEXT
    bytes_at = np.repeat(begins - offsets[:-1], sizes) + np.arange(offsets[-1])
    valid = None if missing is None else pa.array(~missing).buffers()[1]
    buffers = [valid, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data[bytes_at])]
    array = pa.Array.from_buffers(pa.string(), len(place), buffers)
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return _NOT_UTF8
    return array
