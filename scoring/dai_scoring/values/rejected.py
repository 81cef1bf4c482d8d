"""What the readers of every type share: collecting what does not fit, and finding what means a missing value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.schema import Column

# As Arrow scalars: from a Python value Arrow would make one each time, and look for pandas each time it does.
NO_TEXT = pa.scalar(None, pa.string())
FALSE = pa.scalar(False)


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
        """The rejected values of a column; None if there are none."""
        if not self.codes:
            return None
        return RejectedValues(column.name, values, self.bad, self.codes)


def blank_missing(texts: pa.Array, column: Column) -> pa.Array:
    """Text without the surrounding white space, null where it means a missing value."""
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.is_in(trimmed, literal_texts(missing_texts(column.missing))), NO_TEXT, trimmed)


@cache
def missing_texts(literals: frozenset[str]) -> frozenset[str]:
    """The texts, without the blanks around them, that mean a missing value in a column that has these literals.

    It is for columns of numbers, times and truth values. A column of text has no others than its literals, with their
    blanks; the levels of a category make the empty text missing too.
    """
    return literals | {""}


@cache
def literal_texts(literals: frozenset[str]) -> pa.Array:
    """The literals as an Arrow array, for pc.is_in."""
    return pa.array(sorted(literals), pa.string())


def truths(where: pa.Array) -> npt.NDArray[np.bool_]:
    """An Arrow array of booleans for numpy, null as false."""
    return np.asarray(pc.fill_null(where, FALSE))


def is_text(array: pa.Array) -> bool:
    """True for Arrow's type ``string``, but not ``large_string`` or ``string_view``."""
    return bool(pa.types.is_string(array.type))


def wrong_type(values: pa.Array, wanted: pa.DataType, rejects: RejectCollector) -> pa.Array:
    """Nulls; all values are rejected, as the Arrow type of the column cannot become the wanted type."""
    rejects.add("wrong_type", ~np.asarray(pc.is_null(values, nan_is_null=True)))
    return pa.nulls(len(values), wanted)
