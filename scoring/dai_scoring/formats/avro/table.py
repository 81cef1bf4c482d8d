"""Avro records as Arrow columns, with the rows whose values do not fit their types."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.formats.avro.logical_types import UnfitError, bare
from dai_scoring.formats.avro.schema import FieldIn, apply
from dai_scoring.formats.invalid_values import InvalidValues, malformed, shown, without_surrogates
from dai_scoring.formats.text import nested_json

Record = dict[str, Any]
_Unfit = dict[int, str]
"""Rows, and the values there as text."""


def table_of(
    records: Sequence[Record], fields: Sequence[FieldIn], read: Collection[str] | None
) -> tuple[pa.Table, pa.Table | None]:
    """Records as fastavro reads them as columns, and :attr:`~dai_scoring.formats.base.Chunk.malformed`.

    Malformed are those with a value that is not of its type, or text that is no UTF-8, in one of the columns ``read``;
    None is all. There such a value is null, and such text has U+FFFD for its bytes.
    """
    texts: InvalidValues = {}
    try:
        table, unfit = _table(records, fields, read)
    except (UnicodeEncodeError, TypeError):
        names = {item.key: item.field.name for item in fields}
        keys = None if read is None else {key for key, name in names.items() if name in read}
        records, found = without_surrogates(records, keys)
        texts = {row: (names.get(key, key), value) for row, (key, value) in found.items()}
        try:
            table, unfit = _table(records, fields, read)
        except (UnicodeEncodeError, TypeError):
            raise ContentError(
                "a list, map or record of the Avro content has text that is not valid UTF-8: the content is damaged, "
                "or its writer put other bytes in it.",
                advice=("If it is damaged, send it again.", "Else give these values the type bytes."),
            ) from None
    return table, malformed(texts, unfit)


def _table(
    records: Sequence[Record], fields: Sequence[FieldIn], read: Collection[str] | None
) -> tuple[pa.Table, InvalidValues]:
    arrays = []
    found: InvalidValues = {}
    for item in fields:
        array, unfit = _column([record[item.key] for record in records], item)
        arrays.append(array)
        name = item.field.name
        if read is None or name in read:
            for row, value in unfit.items():
                found.setdefault(row, (name, value))
    return pa.Table.from_arrays(arrays, schema=pa.schema([item.field for item in fields])), found


def _column(values: Sequence[Any], item: FieldIn) -> tuple[Any, _Unfit]:
    try:
        return _array(values, item), {}
    except (UnfitError, pa.ArrowInvalid, OverflowError):
        pass
    kept = list(values)
    unfit: _Unfit = {}
    for row, value in enumerate(values):
        try:
            _array([value], item)
        except UnfitError as error:
            kept[row], unfit[row] = None, error.shown
        except (pa.ArrowInvalid, OverflowError):
            kept[row], unfit[row] = None, shown(nested_json(bare(value)))
    return _array(kept, item), unfit


def _array(values: Sequence[Any], item: FieldIn) -> Any:
    """The values as Arrow has them. Raises UnfitError, ArrowInvalid or OverflowError where one is not of the type."""
    kind = item.field.type
    if item.convert is not None:
        values = [apply(item.convert, value) for value in values]
    if isinstance(kind, pa.JsonType):
        return pa.ExtensionArray.from_storage(kind, pa.array(values, pa.string()))
    array = pa.array(values, kind)
    if _has_time(kind):
        array.validate(full=True)
    return array


def _has_time(kind: Any) -> bool:
    """Whether there are times of a day in a type, of which Arrow takes any number."""
    return pa.types.is_time(kind) or any(_has_time(kind.field(index).type) for index in range(kind.num_fields))
