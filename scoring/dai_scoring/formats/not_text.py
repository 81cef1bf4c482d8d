"""Values of columns of text that are no UTF-8: found one by one, so that the others of a file can be scored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa

from dai_scoring.formats.base import rejects_of

NOT_TEXT = "not_text"
"""The reject code of a row with such a value."""
_SHOWN = 200
# How the bytes of a text can be had, which Arrow does not check.
_BYTES = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}


def replaced(batch: pa.RecordBatch, names: Sequence[str]) -> tuple[pa.RecordBatch, pa.Table] | None:
    """The batch with U+FFFD for such bytes in these columns, and its rows with them as :attr:`Chunk.malformed`.

    None where a column is of no plain text, such as a list of texts.
    """
    found: dict[int, tuple[str, str]] = {}
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
                shown = value.decode("utf-8", "backslashreplace")
                found.setdefault(row, (name, shown[:_SHOWN] + ("..." if len(shown) > _SHOWN else "")))
            texts.append(text)
        batch = batch.set_column(index, batch.schema.field(index).with_type(kind), pa.array(texts, kind))
    return batch, rejected(found)


def rows_from(malformed: pa.Table, start: int, count: int) -> pa.Table | None:
    """Those of the malformed rows that are among so many from ``start`` on, numbered from there; None if none is."""
    numbers = malformed.column("row").to_numpy() - start
    inside = (numbers >= 0) & (numbers < count)
    if not inside.any():
        return None
    found = malformed.filter(pa.array(inside))
    return found.set_column(0, found.schema.field("row"), pa.array(numbers[inside], pa.int64()))


def rejected(found: dict[int, tuple[str, str]]) -> pa.Table:
    """Rows by their number, each with a column and its bytes as text, as :attr:`Chunk.malformed`."""
    rows = sorted(found)
    return rejects_of(rows, NOT_TEXT, [found[row][0] for row in rows], [found[row][1] for row in rows])


def without_surrogates(
    records: Sequence[dict[str, Any]], keys: Collection[str] | None = None
) -> tuple[list[dict[str, Any]], dict[int, tuple[str, str]]]:
    """Records read with ``surrogateescape``: with U+FFFD for bytes that are no UTF-8, and where these are.

    The second is by row the first of ``keys`` with such bytes, and these; None is all keys.
    """
    found: dict[int, tuple[str, str]] = {}
    plain: list[dict[str, Any]] = []
    for row, record in enumerate(records):
        changed = dict(record)
        for name, value in record.items():
            if isinstance(value, str) and not _is_utf8(value):
                given = value.encode("utf-8", "surrogateescape")
                shown = given.decode("utf-8", "backslashreplace")
                if keys is None or name in keys:
                    found.setdefault(row, (name, shown[:_SHOWN] + ("..." if len(shown) > _SHOWN else "")))
                changed[name] = given.decode("utf-8", "replace")
        plain.append(changed)
    return plain, found


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
