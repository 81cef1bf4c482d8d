"""Lists, maps, structs and unions of Arrow, taken apart into columns of what they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute

# The stubs lack methods of arrays, and functions that take arrays and scalars.
Array: TypeAlias = Any
pc: Any = pyarrow.compute

_TEXT = pa.large_string()


def is_list(kind: pa.DataType) -> bool:
    """True for every type of lists."""
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def plain_type(kind: Any) -> Any:
    """The type without encodings and views of texts, bytes and lists, at any depth.

    Arrow lacks functions to filter these, or to take them apart.
    """
    if pa.types.is_primitive(kind) or pa.types.is_string(kind):
        return kind
    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind):
        return pa.large_binary()
    if _is_encoded(kind):
        return plain_type(kind.value_type)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(plain_type(field.type)) for field in kind])
    if pa.types.is_map(kind):
        key, item = plain_type(kind.key_type), plain_type(kind.item_type)
        return kind if (key, item) == (kind.key_type, kind.item_type) else pa.map_(key, item)
    if is_list(kind):
        item = plain_type(kind.value_type)
        is_view = pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind)
        return pa.large_list(item) if is_view or item != kind.value_type else kind
    return kind


def plain(array: Array) -> Array:
    """The same values in the type of :func:`plain_type`."""
    kind = array.type
    target = plain_type(kind)
    if target == kind:
        return array
    nulls = array.is_null() if array.null_count else None
    if pa.types.is_dictionary(kind):
        return plain(array.dictionary).take(array.indices)
    if pa.types.is_run_end_encoded(kind):
        return plain(array.values).take(_runs(array))
    if pa.types.is_struct(kind):
        parts = [plain(array.field(index)) for index in range(kind.num_fields)]
        return pa.StructArray.from_arrays(parts, fields=list(target), mask=nulls)
    if pa.types.is_map(kind):
        offsets, keys, values = pairs_of(array)
        places = offsets.cast(pa.int32())
        if nulls is not None:
            places = pc.if_else(pa.concat_arrays([nulls, pa.array([False])]), pa.scalar(None, pa.int32()), places)
        return pa.MapArray.from_arrays(places, plain(keys), plain(values))
    if is_list(kind):
        # Arrow's own cast of views makes lists that are damaged.
        offsets, items = items_of(array)
        return pa.LargeListArray.from_arrays(offsets, plain(items), mask=nulls)
    return array.cast(target)


def _is_encoded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind))


def _runs(array: Array) -> Array:
    """Which of the runs each value of a run-end encoded array is in."""
    places = np.arange(array.offset, array.offset + len(array))
    return pa.array(np.searchsorted(array.run_ends.to_numpy(), places, "right"))


def plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column in the type of :func:`plain_type`."""
    target = plain_type(column.type)
    return column if target == column.type else pa.chunked_array(map(plain, column.chunks), target)


def items_of(array: Array) -> tuple[Array, Array]:
    """The items of all lists, and where those of each begin, and end; a null has none."""
    return _offsets(pc.list_value_length(array)), array.flatten()


def pairs_of(array: Array) -> tuple[Array, Array, Array]:
    """The keys of all maps and their values, and where those of each begin, and end."""
    offsets = array.offsets.cast(pa.int64()).to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    return pa.array(offsets - first), array.keys[first:last], array.items[first:last]


def json_texts(array: Array, json_values: Callable[[Array], Array]) -> Array:
    """Nested values as JSON texts, null for null; ``json_values`` makes those of columns, "null" for null.

    A key that a map or a struct has twice is written twice.
    """
    kind = array.type
    if pa.types.is_union(kind):
        return _of_union(array, json_values)
    if pa.types.is_map(kind):
        offsets, keys, values = pairs_of(array)
        found = _joined(["", _keys(keys, json_values), ":", json_values(values), ""])
        texts = _within("{", offsets, found, "}")
    elif is_list(kind):
        offsets, items = items_of(array)
        texts = _within("[", offsets, json_values(items), "]")
    elif kind.num_fields:
        parts: list[Any] = []
        for field, values in zip(kind, array.flatten(), strict=True):
            parts += [("," if parts else "{") + orjson.dumps(field.name).decode() + ":", json_values(values)]
        texts = _joined([*parts, "}"])
    else:
        texts = pa.array(["{}"] * len(array), _TEXT)
    return pc.if_else(array.is_null(), pa.scalar(None, _TEXT), texts) if array.null_count else texts


def _offsets(lengths: Array) -> Array:
    sizes = pc.fill_null(lengths, 0).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int64())


def _within(begin: str, offsets: Array, items: Array, end: str) -> Array:
    lists = pa.LargeListArray.from_arrays(offsets, items)
    return _joined([begin, pc.binary_join(lists, pa.scalar(",", _TEXT)), end])


def _joined(parts: list[Any]) -> Array:
    given = [pa.scalar(part, _TEXT) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*given, pa.scalar("", _TEXT))


def _keys(keys: Array, json_values: Callable[[Array], Array]) -> Array:
    """Keys of maps as JSON has them, texts: of others than texts the JSON text."""
    texts = json_values(keys)
    if pc.all(pc.starts_with(texts, '"')).as_py():
        return texts
    return pa.array([orjson.dumps(text.strip('"')).decode() for text in texts.to_pylist()], _TEXT)


def _of_union(array: Array, json_values: Callable[[Array], Array]) -> Array:
    kind = array.type
    # What pyarrow says of a part of a union is of the whole.
    array = array.take(pa.array(range(len(array)), pa.int64()))
    place = {code: index for index, code in enumerate(kind.type_codes)}
    which = [place[code] for code in array.type_codes.to_pylist()]
    fields = [json_values(array.field(index)) for index in range(kind.num_fields)]
    # Of a dense union each part has values of its own, elsewhere.
    at = array.offsets.to_pylist() if kind.mode == "dense" else range(len(which))
    return pa.array([fields[index][row].as_py() for index, row in zip(which, at, strict=True)], _TEXT)
