r"""Which quotes a CSV file has: those of RFC 4180, those with a backslash before a quote, or some that break the rules.

Arrow's reader takes a quote that closes a field for one that does not where the writer meant ``\"``, and goes on within
the next records: so they must be known before it reads. A look at the bytes beside each quote tells in almost all.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Protocol

import numpy as np

from dai_scoring.formats.csv_records import Record, RecordCutter, Unclosed

_BLOCK = 1 << 20
_QUOTE = ord('"')
_AFTER_FIRST = 4 << 20
"""So many bytes are looked at from the first backslash before a quote on, to tell which kind of file it is."""


class Quoting(Enum):
    """How the quotes of a file are to be read."""

    PLAIN = "plain"
    """As RFC 4180 says, everywhere: any reader will do."""
    BROKEN = "broken"
    """As RFC 4180 says, but for some records."""
    ESCAPED = "escaped"
    """With a backslash before a quote within quotes, as Apache NiFi writes."""


class _Text(Protocol):
    def read(self, size: int) -> bytes: ...


class _Look:
    """What the bytes beside the quotes say, one block after the other."""

    def __init__(self, delimiter: str) -> None:
        self._beside = np.zeros(256, bool)
        self._beside[[ord(delimiter), ord("\r"), ord("\n")]] = True
        self._count = 0
        self._before = ord("\n")
        self.is_plain = True
        self.has_backslashes = False

    def add(self, block: bytes, following: int) -> None:
        """Look at a block; ``following`` is the byte behind it."""
        if b'"' in block:
            data = np.frombuffer(bytes([self._before]) + block + bytes([following]), np.uint8)
            places = np.flatnonzero(data[1:-1] == _QUOTE) + 1
            before, behind = data[places - 1], data[places + 1]
            self.has_backslashes = self.has_backslashes or bool((before == ord("\\")).any())
            opens = (np.arange(len(places)) + self._count) % 2 == 0
            good = np.where(opens, self._beside[before] | (before == _QUOTE), self._beside[behind] | (behind == _QUOTE))
            self.is_plain = self.is_plain and bool(good.all())
            self._count += len(places)
        self._before = block[-1]

    @property
    def ends_open(self) -> bool:
        """Whether the last quote opens a field."""
        return self._count % 2 == 1


def quoting_of(source: _Text, again: _Text, delimiter: str, width: int) -> Quoting:
    """How the records of a source have their quotes; ``again`` is a second source of the same text."""
    look = _Look(delimiter)
    block = source.read(_BLOCK)
    while block:
        following = source.read(_BLOCK)
        look.add(block, following[0] if following else ord("\n"))
        block = following
        if look.has_backslashes and not look.is_plain:
            break
    if look.has_backslashes:
        return _with_backslashes(again, delimiter, width, plain=look.is_plain)
    # A file that stops within quotes is what Arrow's reader finds out.
    return Quoting.PLAIN if look.is_plain else Quoting.BROKEN


def _with_backslashes(source: _Text, delimiter: str, width: int, *, plain: bool) -> Quoting:
    text = _until_behind_backslash(source)
    doubled = _faults(RecordCutter(delimiter, escape=False).whole(text), width)
    if not doubled:
        return Quoting.PLAIN if plain else Quoting.BROKEN
    escaped = _faults(RecordCutter(delimiter, escape=True).whole(text), width)
    if escaped < doubled:
        return Quoting.ESCAPED
    # Arrow's reader would take several records for one.
    return Quoting.BROKEN


def _until_behind_backslash(source: _Text) -> bytes:
    parts = []
    left = None
    while (left is None or left > 0) and (block := source.read(_BLOCK)):
        parts.append(block)
        if left is not None:
            left -= len(block)
        elif b'\\"' in block or block.startswith(b'"'):
            left = _AFTER_FIRST
    return b"".join(parts)


def _faults(records: Iterator[Record | Unclosed], width: int) -> int:
    """How many of the records are none."""
    return sum(isinstance(one, Unclosed) or one.fields is None or len(one.fields) != width for one in records)
