r"""Records of CSV one by one, whatever their quotes: slower than Arrow's reader, and it loses none.

What follows a closing quote has to be blanks, a delimiter or the end of the record. Where it is not, the line on
which the record begins is a malformed record, and the next line is read as if nothing had happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """One record: its text without the line end, and its fields, None where its quotes break the rules."""

    text: bytes
    fields: Sequence[bytes] | None


@dataclass(frozen=True)
class Unclosed:
    """A quote that opens a field is closed nowhere in the rest of the text."""

    line: bytes
    """That on which its record begins."""


class RecordCutter:
    r"""Cuts text into records. With ``escape``, ``\"`` within quotes is one too, and ``\\`` a backslash."""

    def __init__(self, delimiter: str, *, escape: bool) -> None:
        mark = re.escape(delimiter.encode())
        inside = rb'[^"\\]*(?:(?:\\.|"")[^"\\]*)*' if escape else rb'[^"]*(?:""[^"]*)*'
        self._delimiter = delimiter.encode()
        self._escape = escape
        self._quoted = re.compile(rb'"(' + inside + rb')(")?', re.DOTALL)
        self._bare = re.compile(rb"[^" + mark + rb"\r\n]*")
        self._blanks = re.compile(rb"(?:(?!" + mark + rb")[ \t])*")
        self._line = re.compile(rb"[^\r\n]*")

    def whole(self, text: bytes) -> Iterator[Record | Unclosed]:
        """The records of a text that has all of them, or is a part of them."""
        place = 0
        while place < len(text):
            record, place = self.next(text, place)
            if record is not None:
                yield record

    def next(self, text: bytes, start: int) -> tuple[Record | Unclosed | None, int]:
        """The record that begins at ``start``, None for a blank line, and where the one after it begins."""
        line_end = self._line.match(text, start).end()  # type: ignore[union-attr]
        if line_end == start:
            return None, _after_line_end(text, line_end)
        if text.find(b'"', start, line_end) < 0:
            line = text[start:line_end]
            return Record(line, line.split(self._delimiter)), _after_line_end(text, line_end)
        fields = []
        place = start
        while True:
            if text[place : place + 1] == b'"':
                found = self._quoted.match(text, place)
                if found is None or found.group(2) is None:
                    return Unclosed(text[start:line_end]), _after_line_end(text, line_end)
                # Blanks after it are a part of the field, as Arrow's reader has it.
                place = self._blanks.match(text, found.end()).end()  # type: ignore[union-attr]
                fields.append(self._value(found.group(1)) + text[found.end() : place])
            else:
                end = self._bare.match(text, place).end()  # type: ignore[union-attr]
                fields.append(text[place:end])
                place = end
            after = text[place : place + 1]
            if after == self._delimiter:
                place += 1
            elif after in (b"", b"\r", b"\n"):
                return Record(text[start:place], fields), _after_line_end(text, place)
            else:
                return Record(text[start:line_end], None), _after_line_end(text, line_end)

    def _value(self, inside: bytes) -> bytes:
        if not self._escape:
            return inside.replace(b'""', b'"')
        return _ESCAPED.sub(rb"\1", inside)


_ESCAPED = re.compile(rb'[\\"](["\\])')


def _after_line_end(text: bytes, place: int) -> int:
    """Where the next line begins, given where this one ends."""
    return place + (2 if text.startswith(b"\r\n", place) else 1)
