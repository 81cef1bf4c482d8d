"""Types of PostgreSQL that Arrow or the driver does not have: read as text, and as the model gets them.

The driver gives types that it does not know, such as citext, inet and ranges, as the bytes that the server sends,
which no cast makes values of again. Of arrays it drops the dimensions, of money the decimal point.
Infinite dates and times, which Arrow does not have, come as very old ones, and it cannot write all of them back.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from dai_routes.database.sql import quoted

TYPE = b"POSTGRESQL:type"
"""The metadata of a field with the name of its type, as in pg_type."""

# An oid comes as a number with a sign.
_CHANGED = (b"money", b"oid")

# What the driver makes of infinity, by the type; -infinity is the number after it, and all others are greater.
_INFINITY = {
    pa.date32(): -2_147_472_692,
    pa.timestamp("us"): -9_222_425_352_054_775_809,
    pa.timestamp("us", "UTC"): -9_222_425_352_054_775_809,
}


def selection(given: pa.Schema) -> str:
    """What to select of a query whose columns the driver gives so."""
    if not any(map(_is_read_as_text, given)):
        return "*"
    return ", ".join(
        f"CAST({quoted(field.name)} AS text) AS {quoted(field.name)}" if _is_read_as_text(field) else quoted(field.name)
        for field in given
    )


def typed_schema(given: pa.Schema) -> pa.Schema:
    """The schema of the :func:`selection`: its texts have the names of the types that they stand for."""
    return pa.schema([field.with_type(_text_type(field)) if _is_read_as_text(field) else field for field in given])


def typed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows of the :func:`selection` in the :func:`typed_schema`; a column with infinite times among them as texts."""
    for index, field in enumerate(schema):
        values = table.column(index)
        if values.type != field.type:
            values = _of_storage(values, field.type)
        elif _has_infinite(values):
            values = _of_storage(_texts_of_times(values), _text_type(field))
        table = table.set_column(index, field.with_type(values.type), values)
    return table


def for_model(table: pa.Table) -> pa.Table:
    """The rows with types that every runtime knows; the spaces that fill up a text of fixed length are left out."""
    for index, field in enumerate(table.schema):
        values = table.column(index)
        if isinstance(field.type, pa.UuidType):
            texts = pa.array([None if one is None else str(one) for one in values.to_pylist()], "string")
            table = table.set_column(index, field.name, texts)
        elif isinstance(field.type, pa.OpaqueType):
            table = table.set_column(index, field.name, _plain(values))
        elif (field.metadata or {}).get(TYPE) == b"bpchar":
            table = table.set_column(index, field.name, pc.utf8_rtrim(values, " "))
    return table


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts of a column with a type that only PostgreSQL has; arrays are nested values, which a model rejects."""
    texts = pa.chunked_array([chunk.storage for chunk in values.chunks], values.type.storage_type)
    return _of_storage(texts, pa.json_(pa.string())) if values.type.type_name.startswith("_") else texts


def _has_infinite(values: pa.ChunkedArray) -> bool:
    if values.type not in _INFINITY:
        return False
    least = pc.min(_numbers(values)).as_py()
    return least is not None and bool(least <= _INFINITY[values.type] + 1)


def _texts_of_times(values: pa.ChunkedArray) -> pa.ChunkedArray:
    numbers, infinity = _numbers(values), _INFINITY[values.type]
    is_infinite, is_endless = pc.less_equal(numbers, infinity + 1), pc.equal(numbers, infinity)
    return pc.if_else(is_infinite, pc.if_else(is_endless, "infinity", "-infinity"), values.cast(pa.string()))


def _numbers(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(pa.int32() if pa.types.is_date(values.type) else pa.int64())


def _is_read_as_text(field: pa.Field) -> bool:
    kind = field.type
    return (
        pa.types.is_nested(kind)
        # The driver refuses one whose hours are more than its nanoseconds hold.
        or pa.types.is_interval(kind)
        or (isinstance(kind, pa.OpaqueType) and not pa.types.is_string(kind.storage_type))
        or (field.metadata or {}).get(TYPE) in _CHANGED
    )


def _text_type(field: pa.Field) -> pa.DataType:
    return pa.opaque(pa.string(), field.metadata[TYPE].decode(), "PostgreSQL")


def _of_storage(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return pa.chunked_array([pa.ExtensionArray.from_storage(kind, chunk) for chunk in texts.chunks], kind)
