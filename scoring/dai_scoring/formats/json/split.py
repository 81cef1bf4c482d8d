"""Where JSON text can be cut: between elements of an array, between objects, between lines.

A cut needs no parser, only to know what is in a string and how deep brackets are. That is found for a
whole block at once, and carried from block to block, so that an element may be of any size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import MAX_CHUNK_BYTES
from dai_scoring.formats.source import TextSource

BLOCK = 1 << 20
"""How many bytes are read at a time."""

_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_QUOTE, _OPEN, _CLOSE, _COMMA = 1, 2, 3, 4
_KIND = np.zeros(256, np.uint8)
_KIND[ord('"')] = _QUOTE
_KIND[[ord("{"), ord("[")]] = _OPEN
_KIND[[ord("}"), ord("]")]] = _CLOSE
_KIND[ord(",")] = _COMMA
_SPACE = b" \t\r\n"

Cuts = npt.NDArray[np.int64]


@dataclass
class Structure:
    """Follows JSON text through blocks. ``depth`` counts the brackets that are open."""

    depth: int = 0
    in_string: bool = False
    _escaped: bool = False

    def scan(self, block: bytes) -> tuple[Cuts, Cuts]:
        """Where in ``block`` the commas at depth 1 are, and the brackets that close to depth 0."""
        if self._escaped or b"\\" in block:
            block = self._without_escapes(block)
        kinds = _KIND[np.frombuffer(block, np.uint8)]
        at = np.flatnonzero(kinds)
        kinds = kinds[at]
        quotes = np.cumsum(kinds == _QUOTE) + int(self.in_string)
        outside = (quotes & 1) == 0
        at, now = at[outside], kinds[outside]
        depth = self.depth + np.cumsum((now == _OPEN).astype(np.int64) - (now == _CLOSE))
        if quotes.size:
            self.in_string = bool(quotes[-1] & 1)
        if depth.size:
            self.depth = int(depth[-1])
        return at[(now == _COMMA) & (depth == 1)], at[(now == _CLOSE) & (depth == 0)]

    def _without_escapes(self, block: bytes) -> bytes:
        if self._escaped:
            block = b"_" + block[1:]
        block = _ESCAPE.sub(b"__", block)
        self._escaped = block.endswith(b"\\")
        return block


@dataclass(frozen=True)
class ArrayElements:
    """The text of ``count`` consecutive elements with commas between, as between the brackets of an array."""

    text: bytes
    count: int


def elements_of(text: bytes) -> Iterator[bytes]:
    """The elements in the text between the brackets of an array, blanks around them included."""
    whole = b"[" + text + b"]"
    begin = 1
    for end in [*Structure().scan(whole)[0].tolist(), len(whole) - 1]:
        yield whole[begin:end]
        begin = end + 1


def array_pieces(source: TextSource, head: bytes, rows: int) -> Iterator[ArrayElements]:
    """The elements of the array that ``head`` and the rest of ``source`` hold, at most ``rows`` a piece."""
    structure = Structure()
    parts: list[bytes] = []
    size = waiting = done = 0
    block = head
    skip = head.index(b"[") + 1
    while block:
        commas, ends = structure.scan(block)
        stop = int(ends[0]) if ends.size else len(block)
        cuts = commas[commas < stop].tolist()
        begin, used = skip, 0
        skip = 0
        while waiting + len(cuts) - used >= rows or (used < len(cuts) and size > MAX_CHUNK_BYTES):
            last = used + min(rows - waiting, len(cuts) - used)
            parts.append(block[begin : cuts[last - 1]])
            yield ArrayElements(b"".join(parts), waiting + last - used)
            done += waiting + last - used
            begin, used = cuts[last - 1] + 1, last
            parts, size, waiting = [], 0, 0
        parts.append(block[begin:stop])
        size += stop - begin
        waiting += len(cuts) - used
        if ends.size:
            text = b"".join(parts)
            if done or waiting or text.strip(_SPACE):
                yield ArrayElements(text, waiting + 1)
            _check_end(source, block[stop + 1 :])
            return
        block = source.read(BLOCK)
    raise ContentError(
        f"the content ends in the middle of the JSON array, after element {done + waiting}: it is truncated.",
        advice=("Send it again.",),
        row=done + waiting + 1,
    )


def object_pieces(source: TextSource, head: bytes, rows: int) -> Iterator[ArrayElements]:
    """The objects that ``head`` and the rest of ``source`` hold one after the other."""
    structure = Structure()
    objects: list[bytes] = []
    parts: list[bytes] = []
    size = done = 0
    block = head
    while block:
        begin = 0
        for end in structure.scan(block)[1].tolist():
            parts.append(block[begin : end + 1])
            objects.append(b"".join(parts))
            size += len(objects[-1])
            parts, begin = [], end + 1
            if len(objects) >= rows or size > MAX_CHUNK_BYTES:
                yield ArrayElements(b",".join(objects), len(objects))
                done += len(objects)
                objects, size = [], 0
        parts.append(block[begin:])
        block = source.read(BLOCK)
    if objects:
        yield ArrayElements(b",".join(objects), len(objects))
        done += len(objects)
    rest = b"".join(parts).strip(_SPACE)
    if rest.startswith(b"{"):
        raise ContentError(
            f"the content stops in the middle of JSON object {done + 1}: it is truncated.",
            advice=("Send it again.",),
            row=done + 1,
        )
    if rest:
        raise ContentError(f"there is text after JSON object {done} that is not an object; remove it.")


def line_pieces(source: TextSource, head: bytes, rows: int) -> Iterator[tuple[list[bytes], bool]]:
    """The lines that are not blank; and whether the last of them is the file's last and has no line end."""
    lines: list[bytes] = []
    parts: list[bytes] = []
    size = 0
    block = head
    while block:
        first, *more = block.split(b"\n")
        parts.append(first)
        if more:
            lines.append(b"".join(parts))
            lines += more[:-1]
            parts = [more[-1]]
        size += len(block)
        if len(lines) >= rows or size > MAX_CHUNK_BYTES:
            lines = [line for line in lines if line and not line.isspace()]
            full = len(lines) - len(lines) % rows if size <= MAX_CHUNK_BYTES else len(lines)
            for start in range(0, full, rows):
                yield lines[start : min(start + rows, full)], False
            lines = lines[full:]
            size = sum(map(len, lines)) + sum(map(len, parts))
        block = source.read(BLOCK)
    rest = b"".join(parts)
    lines = [line for line in [*lines, rest] if line and not line.isspace()]
    cut = bool(rest.strip(_SPACE))
    for start in range(0, len(lines), rows):
        yield lines[start : start + rows], cut and start + rows >= len(lines)


def _check_end(source: TextSource, rest: bytes) -> None:
    while rest or (rest := source.read(BLOCK)):
        if rest.strip(_SPACE):
            raise ContentError("there is more text after the end of the JSON array; remove it.")
        rest = b""
