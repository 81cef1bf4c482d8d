"""Arrow types as Avro schemas, and Arrow columns as the values that fastavro writes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute

from dai_scoring.formats import nested
from dai_scoring.formats.base import ORIGINAL_NAME, is_json_text
from dai_scoring.formats.text import json_values

# The stubs know no mix of arrays and scalars, which most functions take.
pc: Any = pyarrow.compute

ValuesOf = Callable[[Any], "list[Any]"]
"""The values of an array as fastavro takes them: no time of Python's, which has not all of Arrow's."""


@dataclass(frozen=True)
class TypeOut:
    """How Arrow values become Avro: cast to ``arrow``, described by ``schema``, made by ``values_of``."""

    arrow: pa.DataType
    schema: Any
    values_of: ValuesOf

    @property
    def nullable(self) -> Any:
        """The schema for a value that may be null."""
        return self.schema if self.schema == "null" else ["null", self.schema]


class SchemaOut:
    """The Avro schema for the columns of a file; every field may be null."""

    def __init__(self, schema: pa.Schema) -> None:
        self._records = 0
        self.keys, self.types, self.schema = self._record(list(schema))
        self.arrow = pa.schema([pa.field(field.name, out.arrow) for field, out in zip(schema, self.types, strict=True)])

    def _record(self, fields: list[pa.Field[Any]]) -> tuple[list[str], list[TypeOut], dict[str, Any]]:
        self._records += 1
        name = "record" if self._records == 1 else f"record{self._records}"
        keys = avro_names([field.name for field in fields])
        types = [self._type(field.type) for field in fields]
        listed = []
        for field, key, out in zip(fields, keys, types, strict=True):
            entry: dict[str, Any] = {"name": key, "type": out.nullable, "default": None}
            if key != field.name:
                entry[ORIGINAL_NAME] = field.name
            listed.append(entry)
        return keys, types, {"type": "record", "name": name, "fields": listed}

    def _type(self, kind: Any) -> TypeOut:
        if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
            return self._type(kind.value_type)
        if isinstance(kind, pa.BaseExtensionType):
            return self._type(pa.string() if is_json_text(kind) else kind.storage_type)
        if pa.types.is_struct(kind):
            return self._struct(kind)
        if pa.types.is_map(kind):
            item = self._type(kind.item_type)
            if not pa.types.is_string(kind.key_type):
                return TypeOut(pa.map_(self._type(kind.key_type).arrow, item.arrow), "string", _texts)
            values = {"type": "map", "values": item.nullable}
            return TypeOut(pa.map_(pa.string(), item.arrow), values, lambda array: _maps(array, item.values_of))
        if nested.is_list(kind):
            item = self._type(kind.value_type)
            items = {"type": "array", "items": item.nullable}
            return TypeOut(pa.list_(item.arrow), items, lambda array: _lists(array, item.values_of))
        return _scalar(kind) or TypeOut(kind, "string", _texts)

    def _struct(self, kind: Any) -> TypeOut:
        keys, types, schema = self._record(list(kind))
        arrow = pa.struct([pa.field(field.name, out.arrow) for field, out in zip(kind, types, strict=True)])
        makers = [out.values_of for out in types]
        return TypeOut(arrow, schema, lambda array: _structs(array, keys, makers))


class _Pairs(Mapping[str, Any]):
    """A map that may have a key twice: Avro's may, Python's not."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self._pairs = pairs

    def __getitem__(self, key: str) -> Any:
        return dict(self._pairs)[key]

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, _ in self._pairs])

    def __len__(self) -> int:
        return len(self._pairs)

    def items(self) -> ItemsView[str, Any]:
        """All pairs."""
        pairs: Any = self._pairs
        return pairs  # type: ignore[no-any-return]


def _texts(array: Any) -> list[Any]:
    texts = json_values(array).to_pylist()
    return [text if there else None for text, there in zip(texts, array.is_valid().to_pylist(), strict=True)]


def _structs(array: Any, keys: list[str], makers: list[ValuesOf]) -> list[Any]:
    columns = [make(column) for make, column in zip(makers, array.flatten(), strict=True)]
    rows: list[Any] = [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)] or [{}] * len(array)
    return _with_nulls(rows, array)


def _lists(array: Any, make: ValuesOf) -> list[Any]:
    offsets, items = nested.items_of(array)
    values, at = make(items), offsets.to_pylist()
    return _with_nulls([values[begin:end] for begin, end in itertools.pairwise(at)], array)


def _maps(array: Any, make: ValuesOf) -> list[Any]:
    offsets, keys, items = nested.pairs_of(array)
    pairs, at = list(zip(keys.to_pylist(), make(items), strict=True)), offsets.to_pylist()
    return _with_nulls([_Pairs(pairs[begin:end]) for begin, end in itertools.pairwise(at)], array)


def _with_nulls(values: list[Any], array: Any) -> list[Any]:
    if not array.null_count:
        return values
    return [value if there else None for value, there in zip(values, array.is_valid().to_pylist(), strict=True)]


def _integers(array: Any) -> list[Any]:
    """Avro's own form of times is an integer; making it here saves an object a value."""
    kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        array = array.cast(pa.int64())
    elif pa.types.is_date32(kind) or pa.types.is_time32(kind):
        array = array.cast(pa.int32())
    return list(array.to_pylist())


def _scalar(kind: Any) -> TypeOut | None:
    """Types without parts; None for what Avro lacks, which is written as JSON text."""
    if pa.types.is_uint64(kind):
        kind = pa.decimal128(20, 0)
    if pa.types.is_decimal(kind):
        logical = {"logicalType": "decimal", "precision": kind.precision, "scale": kind.scale}
        return TypeOut(kind, {"type": "bytes", **logical}, _integers) if 0 <= kind.scale <= kind.precision else None
    if pa.types.is_date(kind):
        return TypeOut(pa.date32(), {"type": "int", "logicalType": "date"}, _integers)
    if pa.types.is_time(kind):
        millis = kind.unit in ("s", "ms")
        logical = {
            "type": "int" if millis else "long",
            "logicalType": f"time-{'milli' if millis else 'micro'}s",
        }
        return TypeOut(pa.time32("ms") if millis else pa.time64("us"), logical, _integers)
    if pa.types.is_timestamp(kind):
        unit: Literal["ms", "us"] = "ms" if kind.unit in ("s", "ms") else "us"
        name = ("" if kind.tz else "local-") + ("timestamp-millis" if unit == "ms" else "timestamp-micros")
        zone = "UTC" if kind.tz else None
        return TypeOut(pa.timestamp(unit, zone), {"type": "long", "logicalType": name}, _integers)
    for test, arrow, avro in _SCALARS:
        if test(kind):
            return TypeOut(arrow, avro, _integers)
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
    free = set(used)
    made = []
    for name in names:
        if name in free:
            free.remove(name)
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
