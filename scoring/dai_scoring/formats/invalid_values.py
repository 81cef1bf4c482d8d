"""Values that do not fit their column's type: they are found one by one, so that the other rows can be scored.

Of text these are bytes that are no UTF-8; of other types, numbers beyond what they mean.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from dai_scoring.formats.base import OUT_OF_RANGE, rejects_of

# The stubs know no mix of arrays and scalars, which most functions take.
pc: Any = pyarrow.compute

InvalidValues = dict[int, tuple[str, str]]
"""By row, a column with such a value and the value as text."""

NOT_TEXT = "not_text"
"""The reject code of a row with such a value."""
_SHOWN = 200
# How the bytes of a text can be had, which Arrow does not check.
_BYTES = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}


def with_replacement_characters(
    batch: pa.RecordBatch, names: Sequence[str]
) -> tuple[pa.RecordBatch, InvalidValues] | None:
    """The batch with U+FFFD for bytes that are no UTF-8 in these columns, and its rows with them.

    None where a column is not text, such as a list of texts.
    """
    found: InvalidValues = {}
    for name in names:
        index = batch.schema.names.index(name)
        column: Any = batch.column(index)
        if pa.types.is_dictionary(column.type) and column.type.value_type in _BYTES:
            kind = column.type.value_type
            values = column.dictionary.view(_BYTES[kind])
            column = pa.DictionaryArray.from_arrays(column.indices, values).dictionary_decode()
        elif column.type in _BYTES:
            kind = column.type
            column = column.view(_BYTES[kind])
        else:
            return None
        texts: list[str | None] = []
        for row, value in enumerate(column.to_pylist()):
            text = None if value is None else value.decode("utf-8", "replace")
            if text is not None and text.encode() != value:
                found.setdefault(row, (name, shown(value.decode("utf-8", "backslashreplace"))))
            texts.append(text)
        batch = batch.set_column(index, batch.schema.field(index).with_type(kind), pa.array(texts, kind))
    return batch, found


def with_nulls(batch: pa.RecordBatch, names: Sequence[str]) -> tuple[pa.RecordBatch, InvalidValues] | None:
    """The batch with null for values that these columns' types do not hold, and its rows with them.

    None where a column is not of a scalar type, such as a list of times.
    """
    found: InvalidValues = {}
    for name in names:
        index = batch.schema.names.index(name)
        column: Any = batch.column(index)
        kind = column.type
        if not (pa.types.is_time(kind) or pa.types.is_date64(kind) or pa.types.is_decimal(kind)):
            return None
        bad = np.zeros(len(column), bool)
        for row in range(len(column)):
            try:
                column[row : row + 1].validate(full=True)
            except pa.ArrowInvalid:
                bad[row] = True
        numbers = (
            column if pa.types.is_decimal(kind) else column.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
        )
        for row in np.flatnonzero(bad).tolist():
            found.setdefault(row, (name, shown(str(numbers[row].as_py()))))
        batch = batch.set_column(
            index, batch.schema.field(index), pc.if_else(pa.array(bad), pa.scalar(None, kind), column)
        )
    return batch, found


def malformed(texts: InvalidValues, numbers: InvalidValues) -> pa.Table | None:
    """:attr:`Chunk.malformed` of rows with bytes that are no UTF-8, and with other values that do not fit."""
    numbers = {row: value for row, value in numbers.items() if row not in texts}
    parts = [_rejected(one, code) for one, code in ((texts, NOT_TEXT), (numbers, OUT_OF_RANGE)) if one]
    return pa.concat_tables(parts).sort_by("row") if parts else None


def shown(text: str) -> str:
    """The text of a value, cut if it is long."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def rows_from(malformed: pa.Table, start: int, count: int) -> pa.Table | None:
    """Those of the malformed rows that are among so many from ``start`` on, numbered from there; None if none is."""
    numbers = malformed.column("row").to_numpy() - start
    inside = (numbers >= 0) & (numbers < count)
    if not inside.any():
        return None
    found = malformed.filter(pa.array(inside))
    return found.set_column(0, found.schema.field("row"), pa.array(numbers[inside], pa.int64()))


def _rejected(found: InvalidValues, code: str) -> pa.Table:
    rows = sorted(found)
    return rejects_of(rows, code, [found[row][0] for row in rows], [found[row][1] for row in rows])


def without_surrogates(
    records: Sequence[dict[str, Any]], keys: Collection[str] | None = None
) -> tuple[list[dict[str, Any]], InvalidValues]:
    """Records read with ``surrogateescape``: with U+FFFD for bytes that are no UTF-8, and where these are.

    The second is by row the first of ``keys`` with such bytes, and these; None is all keys.
    """
    found: InvalidValues = {}
    cleaned: list[dict[str, Any]] = []
    for row, record in enumerate(records):
        changed = dict(record)
        for name, value in record.items():
            if isinstance(value, str) and not _is_utf8(value):
                given = value.encode("utf-8", "surrogateescape")
                if keys is None or name in keys:
                    found.setdefault(row, (name, shown(given.decode("utf-8", "backslashreplace"))))
                changed[name] = given.decode("utf-8", "replace")
        cleaned.append(changed)
    return cleaned, found


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
