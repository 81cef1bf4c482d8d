"""Avro schemas as Arrow types, and Arrow types as Avro schemas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import check_names, is_json_text

ORIGINAL_NAME = "dai.name"
"""The property of an Avro field that holds the column's name where Avro does not allow it as a name."""

Convert = Callable[[Any], Any]
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
_LOGICAL: dict[tuple[str, str], pa.DataType] = {
    ("int", "date"): pa.date32(),
    ("int", "time-millis"): pa.time32("ms"),
    ("long", "time-micros"): pa.time64("us"),
    ("long", "timestamp-millis"): pa.timestamp("ms", "UTC"),
    ("long", "timestamp-micros"): pa.timestamp("us", "UTC"),
    ("long", "timestamp-nanos"): pa.timestamp("ns", "UTC"),
    ("long", "local-timestamp-millis"): pa.timestamp("ms"),
    ("long", "local-timestamp-micros"): pa.timestamp("us"),
    ("long", "local-timestamp-nanos"): pa.timestamp("ns"),
    ("string", "uuid"): pa.string(),
}


class _NoArrowTypeError(Exception):
    """A type that Arrow columns cannot have: a union of several types, or one that holds itself."""


@dataclass(frozen=True)
class FieldIn:
    """How a field of Avro records becomes a column; ``convert`` is None where values need no change."""

    key: str
    field: pa.Field[Any]
    convert: Convert | None


def fields_in(schema: Any, to_json: Convert) -> list[FieldIn]:
    """The columns of records of the (unparsed) schema; ``to_json`` makes text of what Arrow cannot hold."""
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ContentError("the Avro content holds no records: its schema is not that of a record.")
    named: dict[str, Any] = {}
    _collect(schema, named, "")
    found = []
    for field in schema["fields"]:
        try:
            kind, convert = _arrow(field["type"], named, _space(schema, ""), ())
        except _NoArrowTypeError:
            kind, convert = pa.json_(pa.string()), to_json
        name = field.get(ORIGINAL_NAME, field["name"])
        found.append(FieldIn(field["name"], pa.field(name, kind), convert))
    check_names([item.field.name for item in found])
    return found


def types_within(schema: Mapping[str, Any]) -> Callable[[str], Any]:
    """A function that gives the definition of a type by the name that fields of the record call it, None for others."""
    named: dict[str, Any] = {}
    _collect(schema, named, "")
    space = _space(schema, "")

    def find(name: str) -> Any:
        found = named.get(name) or named.get(_full(name, space))
        return found and found[0]

    return find


def _space(schema: Mapping[str, Any], outer: str) -> str:
    name: str = schema.get("name", "")
    return name.rpartition(".")[0] if "." in name else schema.get("namespace", outer)


def _full(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def _collect(schema: Any, named: dict[str, Any], space: str) -> None:
    """Find the types that have names; others may refer to them."""
    if isinstance(schema, list):
        for branch in schema:
            _collect(branch, named, space)
    elif isinstance(schema, dict):
        if "name" in schema and schema.get("type") in ("record", "error", "enum", "fixed"):
            space = _space(schema, space)
            named[_full(schema["name"], space)] = (schema, space)
        for field in schema.get("fields", ()):
            _collect(field["type"], named, space)
        for part in ("type", "items", "values"):
            if isinstance(schema.get(part), dict | list):
                _collect(schema[part], named, space)


def _arrow(schema: Any, named: dict[str, Any], space: str, within: tuple[str, ...]) -> tuple[Any, Any]:
    if isinstance(schema, list):
        branches = [branch for branch in schema if branch != "null"]
        if len(branches) > 1:
            raise _NoArrowTypeError
        return _arrow(branches[0] if branches else "null", named, space, within)
    if isinstance(schema, str):
        if schema in _PRIMITIVE:
            return _PRIMITIVE[schema], None
        full = schema if schema in named else _full(schema, space)
        if full in within or full not in named:
            raise _NoArrowTypeError
        schema, space = named[full]
    kind = schema["type"]
    if isinstance(kind, dict | list):
        return _arrow(kind, named, space, within)
    logical = schema.get("logicalType")
    if logical == "decimal" and kind in ("bytes", "fixed"):
        precision, scale = schema["precision"], schema.get("scale", 0)
        make = pa.decimal128 if precision <= 38 else pa.decimal256
        return make(precision, scale), None
    if (kind, logical) in _LOGICAL:
        return _LOGICAL[kind, logical], str if logical == "uuid" else None
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
        return _struct(schema, named, _space(schema, space), within)
    return _arrow(kind, named, space, within)


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


@dataclass(frozen=True)
class TypeOut:
    """How Arrow values become Avro: cast to ``arrow``, described by ``schema``, changed by ``convert``."""

    arrow: pa.DataType
    schema: Any
    convert: Convert | None = None


class SchemaOut:
    """The Avro schema for the columns of a file; every field may be null."""

    def __init__(self, schema: pa.Schema, to_json: Convert) -> None:
        self._records = 0
        self._to_json = to_json
        self.keys, self.types, self.schema = self._record(list(schema))
        self.arrow = pa.schema([pa.field(field.name, out.arrow) for field, out in zip(schema, self.types, strict=True)])

    def _record(self, fields: list[pa.Field[Any]]) -> tuple[list[str], list[TypeOut], dict[str, Any]]:
        self._records += 1
        name = "record" if self._records == 1 else f"record{self._records}"
        keys = avro_names([field.name for field in fields])
        types = [self._type(field.type) for field in fields]
        listed = []
        for field, key, out in zip(fields, keys, types, strict=True):
            nullable = "null" if out.schema == "null" else ["null", out.schema]
            entry: dict[str, Any] = {"name": key, "type": nullable, "default": None}
            if key != field.name:
                entry[ORIGINAL_NAME] = field.name
            listed.append(entry)
        return keys, types, {"type": "record", "name": name, "fields": listed}

    def _type(self, kind: Any) -> TypeOut:
        if pa.types.is_dictionary(kind):
            return self._type(kind.value_type)
        if isinstance(kind, pa.BaseExtensionType):
            return self._type(pa.string() if is_json_text(kind) else kind.storage_type)
        if pa.types.is_struct(kind):
            keys, types, schema = self._record(list(kind))
            names = [field.name for field in kind]
            parts = list(zip(names, keys, types, strict=True))
            arrow = pa.struct([pa.field(name, out.arrow) for name, _, out in parts])
            return TypeOut(
                arrow,
                schema,
                lambda row: {key: apply(out.convert, row[name]) for name, key, out in parts},
            )
        if pa.types.is_map(kind):
            item = self._type(kind.item_type)
            if not pa.types.is_string(kind.key_type):
                return TypeOut(pa.map_(self._type(kind.key_type).arrow, item.arrow), "string", self._to_json)
            values = {"type": "map", "values": ["null", item.schema] if item.schema != "null" else "null"}
            return TypeOut(
                pa.map_(pa.string(), item.arrow),
                values,
                lambda pairs: {key: apply(item.convert, value) for key, value in pairs},
            )
        if _is_list(kind):
            item = self._type(kind.value_type)
            items = {"type": "array", "items": ["null", item.schema] if item.schema != "null" else "null"}
            return TypeOut(pa.list_(item.arrow), items, _each(item.convert))
        return _scalar(kind) or TypeOut(kind, "string", self._to_json)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _scalar(kind: Any) -> TypeOut | None:
    """Types without parts; None for what Avro lacks, which is written as JSON text."""
    if pa.types.is_uint64(kind):
        kind = pa.decimal128(20, 0)
    if pa.types.is_decimal(kind):
        logical = {"logicalType": "decimal", "precision": kind.precision, "scale": kind.scale}
        return TypeOut(kind, {"type": "bytes", **logical}) if kind.scale >= 0 else None
    if pa.types.is_date(kind):
        return TypeOut(pa.date32(), {"type": "int", "logicalType": "date"})
    if pa.types.is_time(kind):
        millis = kind.unit in ("s", "ms")
        logical = {
            "type": "int" if millis else "long",
            "logicalType": f"time-{'milli' if millis else 'micro'}s",
        }
        return TypeOut(pa.time32("ms") if millis else pa.time64("us"), logical)
    if pa.types.is_timestamp(kind):
        unit: Literal["ms", "us"] = "ms" if kind.unit in ("s", "ms") else "us"
        name = ("" if kind.tz else "local-") + ("timestamp-millis" if unit == "ms" else "timestamp-micros")
        zone = "UTC" if kind.tz else None
        return TypeOut(pa.timestamp(unit, zone), {"type": "long", "logicalType": name})
    for test, arrow, avro in _SCALARS:
        if test(kind):
            return TypeOut(arrow, avro)
    return None


_SCALARS: list[tuple[Callable[[Any], bool], pa.DataType, str]] = [
    (pa.types.is_null, pa.null(), "null"),
    (pa.types.is_boolean, pa.bool_(), "boolean"),
    (lambda kind: pa.types.is_integer(kind) and kind.bit_width < 32, pa.int32(), "int"),
    (pa.types.is_int32, pa.int32(), "int"),
    (pa.types.is_integer, pa.int64(), "long"),
    (pa.types.is_duration, pa.int64(), "long"),
    (lambda kind: pa.types.is_float16(kind) or pa.types.is_float32(kind), pa.float32(), "float"),
    (pa.types.is_float64, pa.float64(), "double"),
    (lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind), pa.string(), "string"),
    (pa.types.is_string_view, pa.string(), "string"),
    (lambda kind: pa.types.is_binary(kind) or pa.types.is_large_binary(kind), pa.binary(), "bytes"),
    (lambda kind: pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind), pa.binary(), "bytes"),
]


def avro_names(names: Iterable[str]) -> list[str]:
    """Names that Avro allows, in order, each once; those it allows stay as they are."""
    names = list(names)
    valid = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
    used = {name for name in names if valid.match(name)}
    made = []
    for name in names:
        if valid.match(name):
            made.append(name)
            continue
        base = re.sub(r"[^A-Za-z0-9_]", "_", name)
        base = base if base and not base[0].isdigit() else "_" + base
        candidate, number = base, 2
        while candidate in used:
            candidate, number = f"{base}_{number}", number + 1
        used.add(candidate)
        made.append(candidate)
    return made
