"""Decimals of PostgreSQL for COPY, which takes them as decimals of Arrow; the driver reads them as text.

Without this, rows with a decimal go through a temporary table, from which the server casts them.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.formats.declined import Declined

_TYPE_MODIFIER = b"POSTGRESQL:typmod"
_MOST_DIGITS = 38
# The server's type modifier is (precision << 16 | scale) + 4.
_OFFSET = 4
_SCALE_BITS = 0x7FF

_TOO_LONG = Declined("a value of type numeric has more digits than Arrow's decimals")
_OTHER_VALUE = Declined("a value of type numeric is NaN or infinite, or has more digits than its new column")


def is_numeric(field: pa.Field) -> bool:
    """Whether the driver read a field as PostgreSQL's type numeric."""
    return isinstance(field.type, pa.OpaqueType) and field.type.type_name == "numeric"


def new_type(field: pa.Field) -> str:
    """The type for a new column: with the precision and the scale of the one that was read, if it has them."""
    modifier = int((field.metadata or {}).get(_TYPE_MODIFIER, b"-1"))
    found = _precision_and_scale(modifier)
    return "numeric" if found is None else f"numeric({found[0]},{found[1]})"


def scale(modifier: int) -> int | None:
    """The scale of a column with this type modifier; None if it has none, or if COPY cannot write it."""
    found = _precision_and_scale(modifier)
    return None if found is None else found[1]


def as_decimals(rows: pa.Table, scales: Mapping[str, int | None]) -> pa.Table | Declined:
    """The rows with decimals of Arrow, in the scales of the columns that they are written to."""
    for index, field in enumerate(rows.schema):
        if not is_numeric(field):
            continue
        wanted = scales.get(field.name)
        if wanted is None:
            # COPY would leave out the zeros at the end of 7.50.
            return Declined("a column of type numeric has no scale")
        texts = pa.chunked_array([chunk.storage for chunk in rows.column(index).chunks], field.type.storage_type)
        if _may_overflow(texts, wanted):
            return _TOO_LONG
        try:
            values = pc.cast(texts, pa.decimal128(_MOST_DIGITS, wanted))
        except pa.ArrowInvalid:
            return _OTHER_VALUE
        rows = rows.set_column(index, field.name, values)
    return rows


def _may_overflow(texts: pa.ChunkedArray, scale: int) -> bool:
    """Whether a text, or its value with such a scale, may have more digits than Arrow's decimals.

    Of these the cast of pyarrow makes other numbers, without an error. A sign counts as a digit here.
    """
    lengths, points = pc.binary_length(texts), pc.find_substring(texts, ".")
    whole = pc.max(pc.if_else(pc.less(points, 0), lengths, points)).as_py() or 0
    return whole + scale > _MOST_DIGITS or (pc.max(lengths).as_py() or 0) > _MOST_DIGITS + 1


def _precision_and_scale(modifier: int) -> tuple[int, int] | None:
    if modifier < _OFFSET:
        return None
    precision, scale = (modifier - _OFFSET) >> 16, (modifier - _OFFSET) & _SCALE_BITS
    return (precision, scale) if scale <= precision <= _MOST_DIGITS else None
