"""Collects values that cannot become the type of their column, with a code for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.schema import Column

REJECT_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("column", pa.string()),
        pa.field("value", pa.string()),
    ]
)
"""Rejected rows: ``row`` counts from 0 in the scored table; one entry a row, for its first bad column."""

REJECT_CODES = frozenset(
    {
        "not_a_number",
        "not_an_integer",
        "out_of_range",
        "not_a_boolean",
        "not_a_date",
        "not_text",
        "nested",
        "missing_value",
        "wrong_type",
    }
)
"""The codes of values that do not fit their column."""


@dataclass
class RejectedValues:
    """A column of values, and which of them cannot become the column's type."""

    column: str
    values: pa.Array
    bad: npt.NDArray[np.bool_]
    codes: dict[str, npt.NDArray[np.bool_]]
    """For each code the values that are rejected with it; together they are ``bad``."""

    def code(self, row: int) -> str:
        """The code of a rejected row."""
        return next(code for code, where in self.codes.items() if where[row])


class RejectCollector:
    """Collects the values that are rejected while a column is read."""

    def __init__(self, rows: int) -> None:
        self.codes: dict[str, npt.NDArray[np.bool_]] = {}
        self._rows = rows

    def add(self, code: str, where: npt.NDArray[np.bool_]) -> None:
        """Reject the values where ``where`` is true, with a code."""
        if where.any():
            self.codes[code] = self.codes.get(code, np.zeros(self._rows, dtype=bool)) | where

    @property
    def bad(self) -> npt.NDArray[np.bool_]:
        """The values that are rejected with any code."""
        bad: npt.NDArray[np.bool_] = np.logical_or.reduce([np.zeros(self._rows, dtype=bool), *self.codes.values()])
        return bad

    def of(self, column: Column, values: pa.Array) -> RejectedValues | None:
        """The values of a column that were rejected, or None."""
        if not self.codes:
            return None
        return RejectedValues(column.name, values, self.bad, self.codes)


def wrong_type(values: pa.Array, wanted: pa.DataType, rejects: RejectCollector) -> pa.Array:
    """Nulls; all values are rejected, as the Arrow type of the column cannot become the wanted type."""
    rejects.add("wrong_type", ~np.asarray(pc.is_null(values, nan_is_null=True)))
    return pa.nulls(len(values), wanted)
