"""JSON texts as Python's objects, numbers of any length and size exactly."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import orjson

from dai_scoring.formats.json.columns import LargeNumber, Record, json_text

_NUMBERS = bytes.maketrans(b"0123456789:,[- \t\r\n", b"0" * 10 + b":" * 8)
_LONG_NUMBER = b":" + b"0" * 19
"""How integers beyond 64 bits begin in text translated by _NUMBERS; orjson would make them doubles."""

_LONG = 1 << 64
_LONGEST = 20
"""The characters of the longest integers of 64 bits."""
_TOO_LARGE = "infinity"
"""What orjson says of a number beyond what a double holds."""

Rows = tuple[list[Record], list[int], list[str]]
"""Records, and the positions and texts of those that are malformed."""


def parse(text: bytes) -> Any:
    """The value of a JSON text; None if it is not JSON.

    Numbers of more than 64 bits, and those beyond what a double holds, are :class:`~json_columns.LargeNumber`.
    """
    try:
        return checked(text)
    except orjson.JSONDecodeError:
        return None


def checked(text: bytes) -> Any:
    """As :func:`parse`; raises JSONDecodeError where the text is not JSON."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if _TOO_LARGE not in error.msg:
            raise
        return _exactly(text)
    return _exactly(text) if _LONG_NUMBER in text.translate(_NUMBERS) else value


def _exactly(text: bytes) -> Any:
    try:
        value = json.loads(text.decode(), parse_int=_integer, parse_float=_double, parse_constant=_no_number)
        # Python takes half a character for one; orjson does not write it.
        json_text(value)
    except (RecursionError, ValueError, TypeError) as error:
        # Python gives up at fewer brackets than orjson.
        raise orjson.JSONDecodeError(getattr(error, "msg", str(error)), "", getattr(error, "pos", 0)) from None
    return value


def _integer(text: str) -> int | LargeNumber:
    number = int(text) if len(text) <= _LONGEST else _LONG
    return number if -_LONG // 2 <= number < _LONG else LargeNumber(text)


def _double(text: str) -> float | LargeNumber:
    number = float(text)
    return number if math.isfinite(number) else LargeNumber(text)


def _no_number(text: str) -> None:
    raise ValueError(f"JSON has no {text}")


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
