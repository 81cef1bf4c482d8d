"""Columns of PostgreSQL that are read as text, since the driver gives their bytes, or changes their values.

The driver gives types that it does not know, such as citext, inet and ranges, as the bytes that the server sends,
which no cast makes values of again. Of arrays it drops the dimensions, of money the decimal point.
"""

from __future__ import annotations

import pyarrow as pa

from dai_routes.database.sql import quoted

TYPE = b"POSTGRESQL:type"
"""The metadata of a field with the name of its type, as in pg_type."""

# An oid comes as a number with a sign.
_CHANGED = (b"money", b"oid")


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
    """Rows of the :func:`selection` in the :func:`typed_schema`."""
    columns = [
        values if values.type == field.type else _of_storage(values, field.type)
        for field, values in zip(schema, table.columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def for_model(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts of a column with a type that only PostgreSQL has; those of arrays are nested values, as JSON's are."""
    texts = pa.chunked_array([chunk.storage for chunk in values.chunks], values.type.storage_type)
    return _of_storage(texts, pa.json_(pa.string())) if values.type.type_name.startswith("_") else texts


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
