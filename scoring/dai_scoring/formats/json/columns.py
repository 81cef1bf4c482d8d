"""JSON records as Arrow columns, in types that keep every value as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any

import orjson
import pyarrow as pa

from dai_scoring.formats.base import MIXED

Record = dict[str, Any]
_EXACT = 1 << 53
_LONG = 1 << 63


class Kind(Enum):
    """What a column holds: one type of value that Arrow has, or anything, as JSON text."""

    NULL = pa.null()
    BOOL = pa.bool_()
    INT = pa.int64()
    """Integers that a double holds exactly."""
    LONG = "long"
    """Integers beyond that, up to 64 bits."""
    FLOAT = pa.float64()
    STRING = pa.string()
    JSON = MIXED

    @property
    def arrow(self) -> Any:
        """The type of the column."""
        return pa.int64() if self is Kind.LONG else self.value

    def unite(self, other: Kind) -> Kind:
        """The kind that holds values of both: integers join doubles only where that loses nothing."""
        if self is other or other is Kind.NULL:
            return self
        if self is Kind.NULL:
            return other
        both = {self, other}
        if both == {Kind.INT, Kind.LONG}:
            return Kind.LONG
        return Kind.FLOAT if both == {Kind.INT, Kind.FLOAT} else Kind.JSON


class LargeNumber(str):
    """A number by its text: one of more than 64 bits, or beyond what a double holds."""

    __slots__ = ()


_SIMPLE = {bool: Kind.BOOL, float: Kind.FLOAT, str: Kind.STRING}


def kind_of(values: Sequence[Any], *, numbers_mix: bool = False) -> Kind:
    """The kind of a column; ``numbers_mix`` lets integers and doubles be doubles, if exactly so."""
    types = set(map(type, values))
    types.discard(type(None))
    if not types:
        return Kind.NULL
    if types == {int} or (numbers_mix and types == {int, float}):
        integers = [value for value in values if type(value) is int]
        low, high = min(integers), max(integers)
        if low >= -_EXACT and high <= _EXACT:
            return Kind.INT if len(types) == 1 else Kind.FLOAT
        # orjson knows integers of up to 2^64, Arrow's are smaller than 2^63.
        return Kind.LONG if len(types) == 1 and low >= -_LONG and high < _LONG else Kind.JSON
    return _SIMPLE.get(types.pop(), Kind.JSON) if len(types) == 1 else Kind.JSON


def columns_of(records: Sequence[Record]) -> dict[str, Sequence[Any]]:
    """The values of every key, None where a record lacks it; keys in the order of first appearance."""
    shapes = dict.fromkeys(map(tuple, records))
    if len(shapes) == 1:
        names = next(iter(shapes))
        return dict(zip(names, zip(*map(dict.values, records), strict=True), strict=True))
    everything = dict.fromkeys(name for shape in shapes for name in shape)
    return {name: [record.get(name) for record in records] for name in everything}


def to_array(values: Sequence[Any], kind: Kind) -> Any:
    """The column as Arrow."""
    if kind is Kind.JSON:
        texts = pa.array([None if value is None else json_text(value) for value in values], pa.string())
        return pa.ExtensionArray.from_storage(kind.arrow, texts)
    return pa.array(values, kind.arrow)


def json_text(value: Any) -> str:
    """A value as compact JSON text, with as many brackets within each other as it came with."""
    try:
        return _dumped(value).decode()
    except orjson.JSONEncodeError:
        if not isinstance(value, (dict, list)):
            raise
    # orjson reads 1024 of them and writes 254.
    text = bytearray()
    # What is still to be written, the next one last; bytes are written as they are.
    waiting: list[Any] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, bytes):
            text += one
        elif isinstance(one, dict):
            items: list[Any] = [part for key, item in one.items() for part in (b",", _dumped(key) + b":", item)]
            waiting += [b"}", *reversed(items[1:]), b"{"]
        elif isinstance(one, list):
            items = [part for item in one for part in (b",", item)]
            waiting += [b"]", *reversed(items[1:]), b"["]
        else:
            text += _dumped(one)
    return text.decode()


def _dumped(value: Any) -> bytes:
    return orjson.dumps(value, default=_as_it_stands, option=orjson.OPT_PASSTHROUGH_SUBCLASS)


def _as_it_stands(value: Any) -> orjson.Fragment:
    """The number that :class:`LargeNumber` is."""
    if not isinstance(value, LargeNumber):
        raise TypeError(type(value))
    return orjson.Fragment(str(value))


def lines_of(texts: Sequence[bytes], malformed: Sequence[int], between: bytes) -> pa.Array:
    """The texts of objects as :attr:`~dai_scoring.formats.base.Chunk.lines`, with ``between`` in front of each.

    They stay as they stand: numbers keep their digits, texts their escapes.
    """
    lines = [between + opened(text) for text in texts]
    for index in malformed:
        lines[index] = between + b"{"
    return pa.array(lines, pa.large_binary()).cast(pa.large_string())


def opened(text: bytes) -> bytes:
    """An object's text without its closing brace, on one line: within an object, line ends are blanks."""
    return text.strip()[:-1].rstrip().replace(b"\r", b" ").replace(b"\n", b" ")


def to_table(records: Sequence[Record], kinds: dict[str, Kind] | None) -> pa.Table:
    """The records as a table, with the columns ``kinds``, or as the records themselves say."""
    columns = columns_of(records)
    if kinds is None:
        kinds = {name: kind_of(values) for name, values in columns.items()}
    if not kinds:
        return rows_without_columns(len(records))
    nothing = [None] * len(records)
    arrays = [to_array(columns.get(name, nothing), kind) for name, kind in kinds.items()]
    return pa.Table.from_arrays(arrays, names=list(kinds))


def rows_without_columns(count: int) -> pa.Table:
    """A table that has rows, yet no column: of records such as ``{}``."""
    rows: Any = pa.array([{}] * count, pa.struct([]))
    return pa.Table.from_batches([pa.RecordBatch.from_struct_array(rows)])


def unite(kinds: dict[str, Kind], records: Iterable[Record], kind: Callable[..., Kind] = kind_of) -> None:
    """Widen ``kinds`` so that they hold ``records`` too."""
    for name, values in columns_of(list(records)).items():
        kinds[name] = kinds.get(name, Kind.NULL).unite(kind(values, numbers_mix=True))
