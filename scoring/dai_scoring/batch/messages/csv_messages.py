"""Messages of lines of CSV: what of them the engine reads, and how they are written.

What a header says is learned once, from the reader of files. The lines stay as they stand, and their predictions are
written behind them. Quotes have to begin and end fields; lines with anything else that only other ways read are
Declined.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import why_no_message
from dai_scoring.engine import RowRequests
from dai_scoring.formats import Declined, Dialect, Format
from dai_scoring.formats.csv import writer as csv_writer
from dai_scoring.formats.csv.dialect import layout_after
from dai_scoring.formats.rows import format_of
from dai_scoring.formats.text import MAX_PYTHON_ROWS
from dai_scoring.options import OutputColumns

_MOST_HEADERS = 64
_MOST_HEADER_BYTES = 1 << 16
# With quotes, those that the reader of few rows declines, but for two characters that no single byte is.
_CONTROLS = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])
_ODD_CHARACTERS = ("\ufeff".encode(), "\ufdd0".encode())

_NO_HEADER = Declined("the message has no header line of CSV that tells all")
_CHARACTERS = Declined("there are control characters among the lines of a message")
_QUOTES = Declined("a quote in a message neither begins nor ends a field, or a line end is within quotes")
_BLANK_LINE = Declined("there is a blank line in a message with quotes")
_ROWS = Declined("a message has no row, or too many")
_LINE_ENDS = Declined("the lines of a message end in different ways")
_ABSENT_COLUMN = Declined("a column of the model is not in the header of a message")
_NAME_CLASH = Declined("a column of a message has the name of one that is written")


class CsvHeader:
    """What the header of messages says, and how messages that have it are written."""

    def __init__(self, names: Sequence[str], added: Sequence[str], nulls: int, dialect: Dialect, *, is_whole: bool):
        self.kind = RowRequests(names=tuple(names), delimiter=dialect.delimiter)
        self.line_end = dialect.line_end.encode()
        self.has_returns = self.line_end == b"\r\n"
        # Returns are counted where lines end in them.
        self._controls = _CONTROLS if self.has_returns else _CONTROLS + b"\r"
        self._odd = self._controls + b'"'
        mark = re.escape(dialect.delimiter.encode())
        # From a line end on; a quote is looked for in less time than the fields are.
        self._quoted = re.compile(
            rb'(?:[^"]*(?<=[' + mark + rb'\n])"[^"\n]*(?:""[^"\n]*)*"(?=[' + mark + rb'\r\n]|\Z))*[^"]*'
        )
        self._dialect = dialect
        self.is_whole = is_whole
        written = [*names, *added] if is_whole else added
        self.text = csv_writer.write_rows(written, [()] * len(written), dialect)
        self._nulls = dialect.delimiter * nulls + dialect.line_end

    def why_not(self, contents: bytes, start: int, body: bytes) -> Declined | None:
        """Why the lines from ``start`` on, which are ``body``, are not read here; None if they are."""
        if len(body.translate(None, self._odd)) != len(body):
            if len(body.translate(None, self._controls)) != len(body):
                return _CHARACTERS
            # A file with a backslash before a quote may mean something else by it.
            if b'\\"' in body or self._quoted.fullmatch(contents, start) is None:
                return _QUOTES
            # A file with one is written anew, with quotes only where they are needed.
            if contents.find(self.line_end * 2, start - len(self.line_end)) >= 0:
                return _BLANK_LINE
        return _CHARACTERS if _has_odd_characters(body) else None

    def prepared(self, rows: Sequence[Sequence[Any]]) -> Sequence[bytes]:
        """What is written of each row of predictions behind its own fields, or alone, with the line end."""
        fields = [csv_writer.fields(column, self._dialect) for column in zip(*rows, strict=True)]
        delimiter, nulls = self._dialect.delimiter, self._nulls
        if self.is_whole:
            fields.insert(0, [""] * len(rows))
        texts = list(map(delimiter.join, zip(*fields, strict=True)))
        if len(fields) == 1 and nulls == self._dialect.line_end:
            # An empty line would be no record.
            texts = [text or '""' for text in texts]
        return [(text + nulls).encode() for text in texts]


@dataclass(slots=True)
class CsvMessage:
    """A message that is read here: its header, and its lines without their ends."""

    layout: CsvHeader
    lines: Sequence[bytes]

    @property
    def form(self) -> Format:
        """Its format."""
        return Format.CSV

    @property
    def requests(self) -> Sequence[bytes]:
        """The lines, as the engine reads them."""
        return [line + b"\n" for line in self.lines]

    def written(self, ends: Sequence[bytes], *, keeps_between: bool) -> bytes:
        """The message with what was prepared of its rows; between them stands the same in any case."""
        header = self.layout
        if header.is_whole:
            return b"".join([header.text, *chain.from_iterable(zip(self.lines, ends, strict=True))])
        return b"".join([header.text, *ends])


class CsvMessages:
    """Reads messages of CSV for the same options.

    ``inputs`` are the names of the model's columns; the others are those of :class:`JsonMessages`.
    """

    def __init__(
        self, options: FileOptions, inputs: Sequence[str], names: Sequence[str], no_reasons: Sequence[None]
    ) -> None:
        self._options = options
        self._inputs = frozenset(inputs)
        self._added = names
        self._nulls = len(no_reasons)
        self._is_whole = options.output_columns is OutputColumns.ALL
        self._headers: dict[tuple[str | None, bytes], CsvHeader | Declined] = {}

    def read(self, message: Contents) -> CsvMessage | Declined:
        """What of a message the engine reads."""
        contents = message.contents
        start = contents.find(b"\n") + 1
        key = message.mime_type, contents[:start]
        header = self._headers.get(key)
        if header is None:
            header = self._learned(*key)
        if isinstance(header, Declined):
            return header
        body = contents[start:]
        if (why_not := header.why_not(contents, start, body)) is not None:
            return why_not
        ends = body.count(b"\n")
        if header.has_returns and not body.count(b"\r") == ends == body.count(b"\r\n"):
            return _LINE_ENDS
        lines = [line for line in body.split(header.line_end) if line]
        return CsvMessage(header, lines) if lines and max(ends, len(lines)) <= MAX_PYTHON_ROWS else _ROWS

    def _learned(self, mime_type: str | None, line: bytes) -> CsvHeader | Declined:
        # What follows says nothing of the format if the header begins so.
        is_usual = line[:1].isalnum() or line[:1] >= b"\x80" or line[:1] in (b"_", b'"')
        if not is_usual or len(line) > _MOST_HEADER_BYTES or len(line.translate(None, _CONTROLS)) != len(line):
            return _NO_HEADER
        found = self._judged(mime_type, line)
        key = mime_type, line
        # Clients may say what they like.
        self._headers = {**self._headers, key: found} if len(self._headers) < _MOST_HEADERS else {key: found}
        return found

    def _judged(self, mime_type: str | None, line: bytes) -> CsvHeader | Declined:
        options = self._options
        form = format_of(line, options.input_format, mime_type, options.charset)
        if isinstance(form, Declined):
            return form
        if form is not Format.CSV or b'\\"' in line or _has_odd_characters(line):
            return _NO_HEADER
        layout = layout_after(line, options.delimiter)
        if isinstance(layout, Declined):
            return layout
        if (why_not := why_no_message(options, form, layout.names)) is not None:
            return why_not
        if not self._inputs.issubset(layout.names):
            return _ABSENT_COLUMN
        if self._is_whole and not set(layout.names).isdisjoint(self._added):
            return _NAME_CLASH
        return CsvHeader(layout.names, self._added, self._nulls, layout.dialect, is_whole=self._is_whole)


def _has_odd_characters(text: bytes) -> bool:
    return not text.isascii() and any(one in text for one in _ODD_CHARACTERS)
