"""Values of JSON records as they stand there: a parser keeps neither long digits nor how a number was written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa

from dai_scoring.formats.json_columns import Kind


class _Number(str):
    """A number by its text."""

    __slots__ = ()


def standing(texts: Sequence[bytes | str], names: Sequence[str]) -> list[list[str | None]] | None:
    """For each name the JSON texts of its values in some objects, None where one lacks it; None if that is too deep.

    Blanks are left out, and texts written anew: only numbers stay as they are.
    """
    try:
        records = [json.loads(text, parse_float=_Number, parse_int=_Number) for text in texts]
        return [[_text(record[name]) if name in record else None for record in records] for name in names]
    except RecursionError:
        return None


def restored(table: pa.Table, lines: pa.Array, names: Sequence[str]) -> pa.Table:
    """The table with numbers in these columns as they stand in ``lines``; see :attr:`dai_scoring.formats.Chunk.lines`.

    Integers of up to 64 bits are written as they came anyway.
    """
    changed = [
        name for name in names if pa.types.is_floating(kind := table.schema.field(name).type) or kind == Kind.JSON.arrow
    ]
    if not changed:
        return table
    texts: list[str] = lines.to_pylist()
    columns = standing(["{" + text.partition("{")[2] + "}" for text in texts], changed)
    for name, values in zip(changed, columns or [], strict=False):
        array = pa.ExtensionArray.from_storage(Kind.JSON.arrow, pa.array(values, pa.string()))
        table = table.set_column(table.schema.get_field_index(name), name, array)
    return table


def _text(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_text(key)}:{_text(one)}" for key, one in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return orjson.dumps(value).decode()
