"""Some columns of JSON objects, read by Arrow's parser, which releases Python's lock.

It has ideas of its own of what values are: texts that look like dates become such. So the columns that are wanted and
their types are said beforehand. Where the objects do not fit that, they have to be read another way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.json as pa_json

from dai_scoring.formats.declined import Declined
from dai_scoring.formats.json.parser import parse
from dai_scoring.formats.records import WantedFields

SAMPLE_SIZE = 20
"""How many records are looked at to learn how they are written."""

_OTHER_TYPES: dict[type, pa.DataType] = {bool: pa.bool_(), str: pa.string(), int: pa.int64()}
_COLON = re.compile(rb"\s*:")
# What Arrow takes for numbers, in addition to those of JSON.
_NO_NUMBERS = (b"NaN", b"Inf")

_ESCAPES = Declined("names of columns may be written with escapes")
_NOT_A_NUMBER = Declined("there may be a number that JSON does not have")
_EARLIER_REASONS = Declined("there may be reasons of an earlier scoring")
_ABSENT_COLUMN = Declined("a column of the model is in no record")
_NAME_CLASH = Declined("a record has a column with the name of a prediction")
_NOT_THE_TYPES = Declined("a value is not of its column's type, or the text is not JSON")
_NOT_THE_COUNT = Declined("there are other objects than were cut")

Text: TypeAlias = bytes | bytearray
Places: TypeAlias = npt.NDArray[np.int64]


def places(data: Text, text: bytes, rare: int = 0) -> Places:
    """Where a text begins in ``data``: faster than bytes.find where its character ``rare`` is not frequent there."""
    characters = np.frombuffer(data, np.uint8)
    found = np.flatnonzero(characters[rare:] == text[rare])
    found = found[found <= len(data) - len(text)]
    for index, character in enumerate(text):
        found = found[characters[found + index] == character]
    return found


@dataclass
class WantedColumns:
    """The columns that are read; the same for all pieces of a file."""

    fields: WantedFields
    schema: pa.Schema = field(init=False)

    def __post_init__(self) -> None:
        self.schema = pa.schema(list(self.fields.types.items()))
        self._present = [orjson.dumps(name) for name in self.fields.types]
        self._absent = [orjson.dumps(name) for name in self.fields.absent]
        start = self.fields.absent_start
        self._absent_start = None if start is None else orjson.dumps(start)[:-1]

    def learn_from(self, objects: bytes) -> None:
        """Learn from the first objects, commas between, how they write the columns: as text, as booleans, as integers.

        The types that are tried then are those that the reader of whole files gives to such columns.
        """
        records = parse(b"[" + objects + b"]")
        if not isinstance(records, list) or set(map(type, records)) != {dict}:
            return
        for index, (name, kind) in enumerate(self.fields.types.items()):
            found = {type(record.get(name)) for record in records} - {type(None)}
            other = _OTHER_TYPES.get(found.pop()) if len(found) == 1 else None
            # Integers among which there may be other numbers later.
            is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
            if other is not None and not (is_number and other == pa.int64()):
                self.schema = self.schema.set(index, pa.field(name, other))

    def parsed(self, data: Text, rows: int) -> pa.Table | Declined:
        """The columns of objects with space between them, a line end at the end.

        Declined where they have to be read whole: where some column is in no object, or a name in one that is to be
        added to them, or a value is of another type, or there are not as many objects as ``rows``, or the text is not
        JSON.
        """
        if (unsuited := self._unsuited(data)) is not None:
            return unsuited
        try:
            table = pa_json.read_json(
                pa.BufferReader(data),
                read_options=pa_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
                parse_options=pa_json.ParseOptions(
                    explicit_schema=self.schema, newlines_in_values=False, unexpected_field_behavior="ignore"
                ),
            )
        except pa.ArrowInvalid:
            return _NOT_THE_TYPES
        return table if table.num_rows == rows else _NOT_THE_COUNT

    def _unsuited(self, data: Text) -> Declined | None:
        # Names may be written in other characters.
        if b"\\" in data and b"\\u" in data:
            return _ESCAPES
        if any(len(places(data, word)) for word in _NO_NUMBERS):
            return _NOT_A_NUMBER
        if self._absent_start is not None and self._absent_start in data:
            return _EARLIER_REASONS
        # Those that are there are found at once.
        if not all(_is_name(data, data.find(name), name) or _has(data, name) for name in self._present):
            return _ABSENT_COLUMN
        return _NAME_CLASH if any(_has(data, name) for name in self._absent) else None


def _has(data: Text, name: bytes) -> bool:
    return any(_is_name(data, place, name) for place in places(data, name, 1))


def _is_name(data: Text, place: int, name: bytes) -> bool:
    """Whether a colon follows what begins at a place; False for -1."""
    return place >= 0 and _COLON.match(data, place + len(name)) is not None
