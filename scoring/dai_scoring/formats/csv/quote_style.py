r"""Which quotes a CSV file has: those of RFC 4180, or those with a backslash before a quote, as some programs write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from dai_scoring.formats.csv.quote_positions import marks_of
from dai_scoring.formats.csv.record_cutter import RecordCutter, Unclosed
from dai_scoring.formats.declined import Declined

_BLOCK = 1 << 20
_ODD = Declined("a quote breaks the rules of RFC 4180")
_QUOTE, _BACKSLASH, _RETURN, _FEED = b'"\\\r\n'
_AFTER_FIRST = 1 << 20
"""So many bytes are looked at from the first backslash before a quote on, to tell which kind of file it is."""


class _Text(Protocol):
    def read(self, size: int) -> bytes: ...


def has_backslashes(source: _Text) -> bool:
    """Whether a backslash stands before a quote anywhere."""
    last = b""
    while block := source.read(_BLOCK):
        # One byte is found in far less time than two.
        if (last or b"\\" in block) and b'\\"' in last + block:
            return True
        last = b"\\" if block.endswith(b"\\") else b""
    return False


def are_escaped(source: _Text, delimiter: str, width: int) -> bool:
    """Whether fewer records are broken where a backslash before a quote belongs to it."""
    text, is_whole = _around_backslash(source)
    if not any(_faults(text, is_whole, delimiter, width, escape=False)):
        return False
    if not any(_faults(text, is_whole, delimiter, width, escape=True)):
        return True
    escaped, doubled = (sum(_faults(text, is_whole, delimiter, width, escape=one)) for one in (True, False))
    return escaped < doubled


def odd_quotes(source: _Text, delimiter: str) -> Declined | None:
    """Declined where a quote neither begins nor ends a field, nor is doubled.

    That none is left open, Arrow's reader finds out.
    """
    neighbours = np.zeros(256, bool)
    neighbours[[ord(delimiter), _RETURN, _FEED, _QUOTE]] = True
    count, before, block = 0, _FEED, source.read(_BLOCK)
    while block:
        following = source.read(_BLOCK)
        if b'"' in block:
            data = np.frombuffer(bytes([before]) + block + (following[:1] or b"\n"), np.uint8)
            places = np.flatnonzero(data[1:-1] == _QUOTE) + 1
            opens = (np.arange(len(places)) + count) % 2 == 0
            if not neighbours[np.where(opens, data[places - 1], data[places + 1])].all():
                return _ODD
            count += len(places)
        before, block = block[-1], following
    return None


def _around_backslash(source: _Text) -> tuple[bytes, bool]:
    """The text around the first backslash before a quote, from the start of a record; whether it goes to the end."""
    text = b""
    first = -1
    while block := source.read(_BLOCK):
        searched = max(0, len(text) - 1)
        text += block
        first = text.find(b'\\"', searched) if first < 0 else first
        if first >= 0 and len(text) >= first + _AFTER_FIRST:
            return text[: first + _AFTER_FIRST], False
        if first < 0 and len(text) > 4 * _AFTER_FIRST:
            # A line is most often a record.
            text = text[text.rfind(b"\n", 0, len(text) - 1) + 1 :]
    return text, True


def _faults(text: bytes, is_whole: bool, delimiter: str, width: int, *, escape: bool) -> Iterator[int]:
    """The numbers of records without ``width`` fields in parts of the text; their sum is that of the whole text."""
    place = 0
    if b"\r" not in text.replace(b"\r\n", b""):
        data = np.frombuffer(b"\n" + text + b"\n", np.uint8)
        marks = marks_of(data, delimiter, escape=escape)
        ends = marks.outside(data[:-1], _FEED)
        fields = np.diff(np.searchsorted(marks.outside(data, ord(delimiter)), ends)) + 1
        # Blank lines are no records.
        is_record = np.diff(ends) > np.where(data[ends[1:] - 1] == _RETURN, 2, 1)
        yield int((is_record & (fields != width)).sum())
        place = int(ends[-1])
        if marks.known == len(data) and not is_whole:
            return
    for one in RecordCutter(delimiter, escape=escape).whole(text[place:]):
        yield int(isinstance(one, Unclosed) or one.fields is None or len(one.fields) != width)
