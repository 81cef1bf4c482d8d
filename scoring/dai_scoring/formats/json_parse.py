"""JSON texts as Python's objects, integers of any length exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson

from dai_scoring.formats.json_columns import Record

_NUMBERS = bytes.maketrans(b"0123456789:,[- \t\r\n", b"0" * 10 + b":" * 8)
_LONG_NUMBER = b":" + b"0" * 19
"""How integers beyond 64 bits begin in text translated by _NUMBERS; orjson would make them doubles."""

Rows = tuple[list[Record], list[int], list[str]]
"""Records, and the positions and texts of those that are malformed."""


def parse(text: bytes) -> Any:
    """The value of a JSON text; None if it is not JSON."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if _LONG_NUMBER not in text.translate(_NUMBERS):
        return value
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        # Python gives up at fewer brackets than orjson, and at integers of thousands of digits.
        return None


def records_of(lines: Sequence[bytes]) -> Rows:
    """The objects on the lines; a line that has none is malformed, and a record without anything in it."""
    records = parse(b"[" + b",".join(lines) + b"]")
    if records is not None and len(records) == len(lines) and set(map(type, records)) == {dict}:
        return records, [], []
    found = [parse(line) for line in lines]
    bad = [index for index, record in enumerate(found) if type(record) is not dict]
    for index in bad:
        found[index] = {}
    return found, bad, [lines[index].decode().strip() for index in bad]
