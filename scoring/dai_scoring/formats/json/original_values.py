"""Values of JSON records as they stand there: a parser keeps neither long digits nor how a number was written."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from dai_scoring.formats.declined import Declined
from dai_scoring.formats.json.columns import Kind, LargeNumber

_NEGATIVE_ZERO = re.compile(r"-0(?![0-9.])")
_TOO_DEEP = Declined("an object has more brackets within each other than Python's parser follows")
_NOT_FOUND = Declined("the numbers of a column are not found by its name")


def original_texts(texts: Sequence[bytes | str], names: Sequence[str]) -> list[list[str | None]] | Declined:
    """For each name the JSON texts of its values in some objects, None where one lacks it.

    Blanks are left out, and texts written anew: only numbers stay as they are.
    """
    try:
        records = [json.loads(text, parse_float=LargeNumber, parse_int=LargeNumber) for text in texts]
        return [[_text(record[name]) if name in record else None for record in records] for name in names]
    except RecursionError:
        return _TOO_DEEP


def restored(table: pa.Table, lines: pa.Array, names: Sequence[str]) -> pa.Table:
    """The table with numbers in these columns as they stand in ``lines``; see :attr:`dai_scoring.formats.Chunk.lines`.

    Integers of up to 64 bits are written as they came anyway, but for ``-0``.
    """
    kinds = {name: table.schema.field(name).type for name in names}
    numbers = [name for name, kind in kinds.items() if pa.types.is_floating(kind)]
    others = [name for name, kind in kinds.items() if kind == Kind.JSON.arrow]
    integers = [name for name, kind in kinds.items() if pa.types.is_integer(kind)]
    if not numbers and not others and not integers:
        return table
    texts: list[str] = lines.to_pylist()
    whole = "".join(texts)
    if integers and _NEGATIVE_ZERO.search(whole):
        numbers += integers
    for name in numbers:
        found = _numbers(whole, name, table.column(name))
        if isinstance(found, Declined):
            others.append(name)
        else:
            table = _with(table, name, found)
    if others:
        columns = original_texts(["{" + text.partition("{")[2] + "}" for text in texts], others)
        for name, values in () if isinstance(columns, Declined) else zip(others, columns, strict=True):
            table = _with(table, name, pa.array(values, pa.string()))
    return table


def _numbers(text: str, name: str, values: pa.ChunkedArray) -> pa.Array | Declined:
    """The texts of a column of numbers, found by its name; Declined where that does not find its values."""
    found = re.findall(re.escape(orjson.dumps(name).decode()) + r"\s*:\s*(-?[0-9][-+0-9.eE]*)", text)
    present = values.is_valid().to_numpy()
    if len(found) != np.count_nonzero(present):
        return _NOT_FOUND
    texts = pa.array(found, pa.string())
    try:
        if not texts.cast(pa.float64()).equals(values.drop_null().combine_chunks().cast(pa.float64())):
            return _NOT_FOUND
    except pa.ArrowInvalid:
        return _NOT_FOUND
    if len(found) == len(values):
        return texts
    return texts.take(pa.array(np.cumsum(present) - 1, mask=~present))


def _with(table: pa.Table, name: str, texts: pa.Array) -> pa.Table:
    array = pa.ExtensionArray.from_storage(Kind.JSON.arrow, texts)
    return table.set_column(table.schema.get_field_index(name), name, array)


def _text(value: Any) -> str:
    if isinstance(value, LargeNumber):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_text(key)}:{_text(one)}" for key, one in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return orjson.dumps(value).decode()
