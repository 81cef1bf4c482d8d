"""Avro schemas as Arrow types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.formats.avro.logical_types import (
    Convert,
    UnderlyingSchema,
    UnfitError,
    converting_tagged,
    logical_of,
    namespace_of,
)
from dai_scoring.formats.base import BYTES_END, ORIGINAL_NAME, check_names

_PRIMITIVE: dict[str, pa.DataType] = {
    "null": pa.null(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "bytes": pa.binary(),
    "string": pa.string(),
}
_NAMED = ("record", "error", "enum", "fixed")


class _NoArrowTypeError(Exception):
    """A type that Arrow columns cannot have: a union of several types, or one that holds itself."""


@dataclass(frozen=True)
class FieldIn:
    """How a field of Avro records becomes a column; ``convert`` is None where values need no change.

    The values are those that fastavro reads with the schema of
    :class:`~dai_scoring.formats.avro.logical_types.Beneath`; ``convert`` raises UnfitError for one that does not fit.
    """

    key: str
    field: pa.Field[Any]
    convert: Convert | None


def fields_in(schema: Any, to_json: Convert) -> tuple[list[FieldIn], dict[str, Any]]:
    """The columns of records of the (unparsed) schema, and the (unparsed) schema to read them with.

    ``to_json`` makes text of what Arrow cannot hold.
    """
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ContentError("the Avro content holds no records: its schema is not that of a record.")
    named: dict[str, Any] = {}
    _collect(schema, named, "")
    underlying = UnderlyingSchema(schema, lambda name, space: named.get(name) or named.get(_full(name, space)))
    found = []
    for field in schema["fields"]:
        try:
            kind, convert = _arrow(
                field["type"], named, namespace_of(schema, ""), (), is_field=not underlying.tags_fields
            )
        except _NoArrowTypeError:
            kind, convert = pa.json_(pa.string()), _as_json(to_json, underlying)
        name = field.get(ORIGINAL_NAME, field["name"])
        found.append(FieldIn(field["name"], pa.field(name, kind), convert))
    check_names([item.field.name for item in found])
    return found, underlying.schema


def _as_json(to_json: Convert, underlying: UnderlyingSchema) -> Convert:
    def convert(value: Any) -> Any:
        try:
            text = to_json(underlying.untagged(value))
        except (RecursionError, TypeError) as error:
            # orjson follows 254 levels, Python some more; of text that is no UTF-8 it says something else.
            if isinstance(error, RecursionError) or "ecursion" in str(error):
                raise UnfitError("a value of too many levels") from None
            raise
        return text + BYTES_END if isinstance(value, bytes) else text

    return convert


def types_within(schema: Mapping[str, Any]) -> Callable[[str], Any]:
    """A function that gives the definition of a type by the name that fields of the record call it, None for others."""
    named: dict[str, Any] = {}
    _collect(schema, named, "")
    space = namespace_of(schema, "")

    def find(name: str) -> Any:
        found = named.get(name) or named.get(_full(name, space))
        return found and found[0]

    return find


def holds_itself(schema: Mapping[str, Any]) -> bool:
    """Whether some field of a record holds records of that type, at any depth."""
    own = _full(schema["name"], namespace_of(schema, ""))

    def refers(part: Any, space: str) -> bool:
        if isinstance(part, str):
            return own in (part, _full(part, space))
        if isinstance(part, list):
            return any(refers(branch, space) for branch in part)
        kind = part["type"]
        if kind in ("array", "map"):
            return refers(part["items" if kind == "array" else "values"], space)
        if kind in _NAMED:
            within = namespace_of(part, space)
            return any(refers(field["type"], within) for field in part.get("fields", ()))
        return refers(kind, space)

    return refers(schema, "")


def _full(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def _collect(schema: Any, named: dict[str, Any], space: str) -> None:
    """Find the types that have names; others may refer to them."""
    if isinstance(schema, list):
        for branch in schema:
            _collect(branch, named, space)
    elif isinstance(schema, dict):
        if "name" in schema and schema.get("type") in _NAMED:
            space = namespace_of(schema, space)
            named[_full(schema["name"], space)] = (schema, space)
        for field in schema.get("fields", ()):
            _collect(field["type"], named, space)
        for part in ("type", "items", "values"):
            if isinstance(schema.get(part), dict | list):
                _collect(schema[part], named, space)


def _arrow(
    schema: Any, named: dict[str, Any], space: str, within: tuple[str, ...], *, is_field: bool = False
) -> tuple[Any, Any]:
    if isinstance(schema, list):
        branches = [branch for branch in schema if branch != "null"]
        if len(branches) > 1:
            raise _NoArrowTypeError
        return _arrow(branches[0] if branches else "null", named, space, within, is_field=is_field)
    if isinstance(schema, str):
        if schema in _PRIMITIVE:
            return _PRIMITIVE[schema], None
        full = schema if schema in named else _full(schema, space)
        if full in within or full not in named:
            raise _NoArrowTypeError
        schema, space = named[full]
    kind = schema["type"]
    if isinstance(kind, dict | list):
        return _arrow(kind, named, space, within, is_field=is_field)
    if (logical := logical_of(schema)) is not None:
        if is_field:
            return logical.arrow, logical.convert
        if isinstance(logical.arrow, pa.BaseExtensionType):
            raise _NoArrowTypeError
        return logical.arrow, converting_tagged(logical.convert)
    if kind == "enum":
        return pa.string(), None
    if kind == "fixed":
        return pa.binary(schema["size"]), None
    if kind == "array":
        item, convert = _arrow(schema["items"], named, space, within)
        return pa.list_(item), _each(convert)
    if kind == "map":
        item, convert = _arrow(schema["values"], named, space, within)
        return pa.map_(pa.string(), item), _pairs(convert)
    if kind in ("record", "error"):
        return _struct(schema, named, namespace_of(schema, space), within)
    return _arrow(kind, named, space, within, is_field=is_field)


def _struct(schema: Any, named: dict[str, Any], space: str, within: tuple[str, ...]) -> tuple[Any, Any]:
    within = (*within, _full(schema["name"], space))
    fields, converts = [], []
    for field in schema["fields"]:
        kind, convert = _arrow(field["type"], named, space, within)
        name = field.get(ORIGINAL_NAME, field["name"])
        fields.append(pa.field(name, kind))
        converts.append((name, field["name"], convert))
    check_names([field.name for field in fields])

    def rename(value: dict[str, Any]) -> dict[str, Any]:
        return {name: apply(convert, value[key]) for name, key, convert in converts}

    return pa.struct(fields), rename


def apply(convert: Convert | None, value: Any) -> Any:
    """``value`` converted, unless it is None."""
    return value if convert is None or value is None else convert(value)


def _each(convert: Convert | None) -> Convert | None:
    return None if convert is None else lambda values: [apply(convert, value) for value in values]


def _pairs(convert: Convert | None) -> Convert:
    return lambda values: [(key, apply(convert, value)) for key, value in values.items()]
