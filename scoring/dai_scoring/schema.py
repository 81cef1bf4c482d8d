"""The columns of a model: name, type, what means missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import pyarrow as pa

from dai_scoring.values.levels import Levels


class ColumnType(Enum):
    """Types of model columns, named as in ``ai.h2o.mojos.runtime.frame.MojoColumn.Type``."""

    BOOL = "Bool"
    INT32 = "Int32"
    INT64 = "Int64"
    FLOAT32 = "Float32"
    FLOAT64 = "Float64"
    STR = "Str"
    TIME64 = "Time64"
    """A point in time, in milliseconds since 1970-01-01T00:00 UTC."""

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type that :mod:`dai_scoring.values.model_rows` converts a column of this type to."""
        return _ARROW[self]

    @property
    def is_number(self) -> bool:
        """True for the integer and floating-point types; Bool, Str and Time64 are not numbers."""
        return self in _NUMBERS


_ARROW: dict[ColumnType, pa.DataType] = {
    ColumnType.BOOL: pa.bool_(),
    ColumnType.INT32: pa.int32(),
    ColumnType.INT64: pa.int64(),
    ColumnType.FLOAT32: pa.float32(),
    ColumnType.FLOAT64: pa.float64(),
    ColumnType.STR: pa.string(),
    ColumnType.TIME64: pa.timestamp("ms"),
}
_NUMBERS = frozenset({ColumnType.INT32, ColumnType.INT64, ColumnType.FLOAT32, ColumnType.FLOAT64})


@dataclass(frozen=True)
class Column:
    """One input or output column of a model.

    ``missing`` holds the texts that mean "no value" in an input column, in addition to null and the empty text.
    ``levels`` are those of an input column that is a category, if the model has them. A row without a value in a
    ``required`` column cannot be scored. ``with_signs`` says that numbers in text may have ``$`` before and ``%``
    after them.
    """

    name: str
    type: ColumnType
    missing: frozenset[str] = frozenset()
    levels: Levels | None = field(default=None, repr=False, compare=False)
    required: bool = False
    with_signs: bool = False
