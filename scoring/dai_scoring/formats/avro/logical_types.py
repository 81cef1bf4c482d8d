"""Logical types of Avro, read from the values of the underlying types.

fastavro would make Python's objects of them, which have no year 10000 and no 24:00, and would give up at the first
value without such an object. So it reads with a schema without logical types (:class:`UnderlyingSchema`), and what
they mean is made here.

By the Avro specification, a logical type that is unknown, incomplete or of the wrong underlying type is ignored.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

import pyarrow as pa

Convert = Callable[[Any], Any]

_KNOWN: dict[tuple[str, str], pa.DataType] = {
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
_UUID_BYTES = 16
_MOST_DIGITS = 76
"""Arrow has no decimals of more."""
# A name that no field of a file has.
_TAG = "dai_underlying_logical_"


class UnfitError(ValueError):
    """A value that its type does not hold."""

    def __init__(self, shown: str) -> None:
        super().__init__()
        self.shown = shown
        """The value as text."""


@dataclass(frozen=True)
class Logical:
    """A logical type: the column's type, and how to make its underlying values; None where they stay."""

    arrow: pa.DataType
    convert: Convert | None = None


def logical_of(schema: Mapping[str, Any]) -> Logical | None:
    """The logical type of an (unparsed) schema; None where it has none, or none that counts."""
    beneath, name = schema["type"], schema.get("logicalType")
    if not isinstance(beneath, str) or not isinstance(name, str):
        return None
    if name == "decimal":
        return _decimal(schema) if beneath in ("bytes", "fixed") and is_decimal(schema) else None
    if name == "uuid" and beneath == "fixed":
        return Logical(pa.string(), _uuid) if schema["size"] == _UUID_BYTES else None
    kind = _KNOWN.get((beneath, name))
    return None if kind is None else Logical(kind)


def is_decimal(schema: Mapping[str, Any]) -> bool:
    """Whether precision and scale of a decimal are what the specification allows."""
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if type(precision) is not int or type(scale) is not int or not 0 <= scale <= precision or not precision:
        return False
    return schema["type"] != "fixed" or bool(precision <= math.floor(math.log10(2) * (8 * schema["size"] - 1)))


def writable(schema: Any) -> Any:
    """An (unparsed) schema without invalid decimals, which fastavro would not write."""
    if isinstance(schema, list):
        return [writable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    ignored = schema.get("logicalType") == "decimal" and not is_decimal(schema)
    return {
        key: one if key == "default" else writable(one)
        for key, one in schema.items()
        if not (ignored and key == "logicalType")
    }


def _decimal(schema: Mapping[str, Any]) -> Logical:
    precision, scale = schema["precision"], schema.get("scale", 0)
    context = Context(prec=precision)
    limit = 10**precision

    def convert(data: bytes) -> Decimal:
        number = int.from_bytes(data, "big", signed=True)
        if not data or abs(number) >= limit:
            raise UnfitError(_digits(number, scale) if data else "")
        return Decimal(number).scaleb(-scale, context)

    if precision > _MOST_DIGITS:
        return Logical(pa.json_(pa.string()), lambda data: f"{convert(data):f}")
    return Logical((pa.decimal128 if precision <= 38 else pa.decimal256)(precision, scale), convert)


def _digits(number: int, scale: int) -> str:
    if number.bit_length() > 1 << 13:
        return f"a number of {number.bit_length()} bits"
    return f"{Decimal(number).scaleb(-scale, Context(prec=1 << 12)):f}"


def _uuid(data: bytes) -> str:
    return str(uuid.UUID(bytes=data))


class UnderlyingSchema:
    """The schema to read records with: theirs without logical types, binary the same.

    In a union nothing says which of its types a value had, and within a type that holds itself no column does. So a
    value of a logical type that is not a field's own comes as a record of one field, a tag for its type:
    :meth:`untagged` tells them from others.
    """

    def __init__(self, schema: Mapping[str, Any], types: Callable[[str, str], tuple[Any, str] | None]) -> None:
        self._types = types
        self._root = schema
        self._tags: dict[str, Logical] = {}
        self.tags_fields = False
        """Whether values of the fields' own types have tags too: where the records hold such records."""
        self.schema = self._record(schema, "", within=False)
        if self.tags_fields:
            self.schema = self._record(schema, "", within=True)

    def untagged(self, value: Any) -> Any:
        """A value of any type with Arrow's scalars, or UUIDs and decimals as they are in JSON, for tagged ones."""
        if not self._tags:
            return value
        if isinstance(value, list):
            return [self.untagged(one) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(key, one)] = value.items()
            if key in self._tags:
                return _scalar(self._tags[key], one)
        return {key: self.untagged(one) for key, one in value.items()}

    def _of(self, schema: Any, space: str, *, within: bool) -> Any:
        if isinstance(schema, list):
            within = within or len([one for one in schema if one != "null"]) > 1
            return [self._of(one, space, within=within) for one in schema]
        if isinstance(schema, str):
            found = self._types(schema, space)
            if found is not None and found[0] is self._root:
                self.tags_fields = True
            logical = logical_of(found[0]) if found is not None and within else None
            return schema if logical is None else self._tagged(logical, schema)
        kind = schema["type"]
        if kind in ("record", "error"):
            return self._record(schema, space, within=True)
        changed = {key: one for key, one in schema.items() if key != "logicalType"}
        if isinstance(kind, dict | list) or self._types(kind, space):
            return {**changed, "type": self._of(kind, space, within=within)}
        for part in ("items", "values"):
            if part in changed:
                changed[part] = self._of(changed[part], space, within=True)
        logical = logical_of(schema) if within else None
        return changed if logical is None else self._tagged(logical, changed)

    def _record(self, schema: Mapping[str, Any], outer: str, *, within: bool) -> dict[str, Any]:
        space = namespace_of(schema, outer)
        fields = [
            # A default would be none of a tagged type.
            {"name": field["name"], "type": self._of(field["type"], space, within=within)}
            for field in schema["fields"]
        ]
        return {**schema, "fields": fields}

    def _tagged(self, logical: Logical, schema: Any) -> Any:
        if logical.convert is None and pa.types.is_string(logical.arrow):
            return schema
        tag = f"{_TAG}{len(self._tags)}"
        self._tags[tag] = logical
        return {"type": "record", "name": tag, "fields": [{"name": tag, "type": schema}]}


def converting_tagged(convert: Convert | None) -> Convert:
    """``convert`` for values that may have a tag of :class:`UnderlyingSchema`."""

    def untag(value: Any) -> Any:
        if isinstance(value, dict):
            [value] = value.values()
        return value if convert is None else convert(value)

    return untag


def bare(value: Any) -> Any:
    """A value without the tags of :class:`UnderlyingSchema`."""
    if isinstance(value, list):
        return [bare(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).startswith(_TAG):
        return next(iter(value.values()))
    return {key: bare(one) for key, one in value.items()}


def namespace_of(schema: Mapping[str, Any], outer: str) -> str:
    """The namespace of what is within a named type that stands in the namespace ``outer``."""
    name: str = schema.get("name", "")
    return name.rpartition(".")[0] if "." in name else schema.get("namespace", outer)


def _scalar(logical: Logical, value: Any) -> Any:
    """A value beneath a logical type as one of Arrow's; as it is in JSON where it has no type there."""
    made = value if logical.convert is None else logical.convert(value)
    if isinstance(logical.arrow, pa.JsonType):
        return Decimal(made)
    if pa.types.is_string(logical.arrow):
        return made
    array = pa.array([made], logical.arrow)
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        raise UnfitError(str(value)) from None
    return array[0]
