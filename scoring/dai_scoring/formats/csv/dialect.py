"""How a CSV file is written: its header, delimiter, line ends, and where its records start."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from dai_scoring.errors import ContentError, OptionError
from dai_scoring.formats.base import Dialect, check_names
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.detect import SEPARATOR_LINE
from dai_scoring.formats.source import ADVICE, QUOTE, TextSource, read_at_most

DELIMITERS = ",;\t|"
"""What may separate fields where nothing else is said."""

_SAMPLE_BYTES = 1 << 18
_SAMPLE_RECORDS = 100
_MAX_HEADER_BYTES = 1 << 26
_NO_HEADER = Declined("the first line is not a header that tells the delimiter")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


@dataclass(frozen=True)
class Layout:
    """What the start of a CSV file says. ``start`` is where records start, in bytes of UTF-8 text."""

    names: tuple[str, ...]
    dialect: Dialect
    start: int
    row_bytes: float


def sniff(path: Path, charset: str, delimiter: str | None) -> Layout | None:
    """The layout of the file, or None if it has no content; ``delimiter`` is taken as given if not None."""
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0'):
        raise OptionError("the CSV delimiter must be one ASCII character other than quote, NUL and line ends.")
    size = _SAMPLE_BYTES
    while True:
        source = TextSource(path, charset, check=False)
        try:
            head = read_at_most(source, size)
        finally:
            source.close()
        whole = len(head) < size
        if not head.strip():
            if whole:
                return None
        else:
            # It tells Excel what separates the fields, and is no header.
            line = SEPARATOR_LINE.match(head)
            skipped = line.end() if line is not None else 0
            named = line[1].decode("latin-1") if line is not None and line[1].isascii() else None
            layout = _layout(head[skipped:], whole=whole, bom=source.bom, delimiter=delimiter or named)
            if layout is not None:
                return replace(layout, start=layout.start + skipped) if skipped else layout
            if whole and skipped:
                return None
        # The header, or blank space before it, does not end in the sample.
        if size >= _MAX_HEADER_BYTES:
            raise ContentError(
                f"the CSV header does not end within {_MAX_HEADER_BYTES >> 20} MiB.",
                advice=('Look for a quote (") in the first line that is never closed.',),
            )
        size *= 4


def layout_after(line: bytes, delimiter: str | None) -> Layout | Declined:
    """The layout of every file that begins with a line, if that alone says it: a header of several columns."""
    found = [one for one in DELIMITERS if (one.encode() in line if delimiter is None else one == delimiter)]
    if len(found) != 1 or SEPARATOR_LINE.match(line):
        return _NO_HEADER
    try:
        layout = _layout(line, whole=True, bom=False, delimiter=found[0])
    except ContentError:
        return _NO_HEADER
    # With another end it would go on in the next line, or end within this one.
    if layout is None or layout.start != len(line) or len(layout.names) == 1:
        return _NO_HEADER
    return layout


def _layout(head: bytes, *, whole: bool, bom: bool, delimiter: str | None) -> Layout | None:
    # Latin-1 keeps one character a byte, so that positions in the text are positions in the file.
    text = head.decode("latin-1").replace("\0", "\x01")
    best: tuple[tuple[float, int], str, list[str], int] | None = None
    candidates = [delimiter] if delimiter is not None else _candidates(text)
    for candidate in candidates:
        # The records after the header are for choosing among several.
        count = _SAMPLE_RECORDS if len(candidates) > 1 else 1
        records = list(islice(_records(text, candidate, whole=whole), count))
        if not records:
            continue
        header, end = records[0]
        others = records[1:]
        agreeing = sum(len(fields) == len(header) for fields, _ in others)
        share = agreeing / len(others) if others else 1.0
        if delimiter is None and len(header) < 2:
            share = -1.0
        score = (share, len(header))
        if best is None or score > best[0]:
            best = (score, candidate, header, end)
    if best is None:
        return None
    _, chosen, header, end = best
    if _leaves_quote_open(text[:end], chosen):
        raise ContentError(
            'the CSV header has a quote (") that is never closed.',
            advice=QUOTE,
        )
    names = _with_places([_name(name, number) for number, name in enumerate(header, 1)])
    check_names(names)
    line_end = "\r\n" if text[:end].endswith("\r\n") else "\n"
    rest = text[end:]
    rows = rest.count("\n") or 1
    return Layout(tuple(names), Dialect(chosen, '"', line_end, bom), end, max(1.0, len(rest) / rows))


def _candidates(text: str) -> list[str]:
    """The delimiters that the header may have; without any, it has one column and the first will do."""
    line = _LINE.match(text.lstrip("\r\n"))
    if line is None or '"' in line.group():
        return list(DELIMITERS)
    return [one for one in DELIMITERS if one in line.group()] or [DELIMITERS[0]]


def _name(text: str, number: int) -> str:
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise ContentError(
            f"byte 0x{byte:02X} in the name of column {number} of the CSV header is not valid UTF-8.",
            advice=ADVICE,
        ) from None


def _with_places(names: list[str]) -> list[str]:
    """Several columns without a name, as spreadsheets write empty columns, are named by their places."""
    unnamed = [not name.strip() for name in names]
    if sum(unnamed) < 2:
        return names
    return [f"column_{place}" if unnamed[place - 1] else name for place, name in enumerate(names, 1)]


def _leaves_quote_open(text: str, delimiter: str) -> bool:
    lines = [match.group() for match in _LINE.finditer(text)]
    *_, last = csv.reader([*lines, "\n", "end\n"], delimiter=delimiter)
    return last != ["end"]


def _records(text: str, delimiter: str, *, whole: bool) -> Iterator[tuple[list[str], int]]:
    """The first complete records with the position after each; blank lines are no records."""
    used = 0

    def lines() -> Iterator[str]:
        nonlocal used
        for match in _LINE.finditer(text):
            used = match.end()
            yield match.group()

    reader = csv.reader(lines(), delimiter=delimiter)
    while True:
        try:
            fields = next(reader, None)
        except csv.Error:
            # Python's reader refuses fields of more than 128 KiB; the records before must do.
            return
        if fields is None:
            return
        if used >= len(text) and not whole:
            return
        if fields:
            yield fields, used
