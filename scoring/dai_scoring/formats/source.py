"""A file's text as UTF-8 bytes, whatever its encoding, checked while it streams."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from dai_scoring.errors import ContentError

# The longer marks first: UTF-32's little-endian mark starts with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED = (
    (re.compile(rb"[\t\n\r -~]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0[\t\n\r -~]"), "utf-32-be"),
    (re.compile(rb"[\t\n\r -~]\0[\t\n\r -~]\0"), "utf-16-le"),
    (re.compile(rb"\0[\t\n\r -~]\0[\t\n\r -~]"), "utf-16-be"),
)
END_MARK = b"\x1a"
"""Ctrl-Z, with which DOS and programs of its time end a text."""
# CP/M filled the last 128 bytes with it.
_MOST_END_MARKS = 128
_BLOCK = 1 << 20
ADVICE = (
    "Convert the content to UTF-8.",
    "{convert_characters} does that.",
    "Or say its encoding in {mime_type}, as in text/csv; charset=ISO-8859-1.",
)
"""What to do about text in another encoding than was said."""
DAMAGED = (
    "If it is damaged, send it again.",
    "If it has another format, say that in {mime_type}.",
    "Or set the {input_format}.",
)
"""What to do about bytes that are not what they were said to be."""
QUOTE = ("If the file is truncated, send it again.", "Else double the quote.")
"""What to do about a quote that is never closed."""


class InvalidByteError(ContentError):
    """A byte that is not valid in the file's encoding; ``offset`` counts from the first byte of text."""

    def __init__(self, charset: str, byte: int, offset: int, line: int) -> None:
        self.charset, self.byte, self.offset, self.line = charset, byte, offset, line
        super().__init__(self.describe(f"line {line}"), advice=ADVICE)

    def describe(self, place: str) -> str:
        """The message for people, with ``place`` as where the byte is."""
        return (
            f"byte 0x{self.byte:02X} at {place} (byte {self.offset + 1} of the text) is not valid "
            f"{self.charset.upper()}."
        )


def mark_of(head: bytes) -> tuple[bytes, str] | None:
    """The byte order mark at the start of ``head`` and the encoding it stands for.

    Without one, text that begins with two ASCII characters tells UTF-16 and UTF-32 by where it has NUL (RFC 4627): then
    the mark is empty.
    """
    marked = next(((mark, charset) for mark, charset in _MARKS if head.startswith(mark)), None)
    if marked is not None or b"\0" not in head[:4]:
        return marked
    return next(((b"", charset) for pattern, charset in _UNMARKED if pattern.match(head)), None)


def _end_marks(file: IO[bytes]) -> int:
    """How many bytes at the end of a file are DOS's mark for the end of a text, which is no part of it."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _MOST_END_MARKS))
    last = file.read()
    return len(last) - len(last.rstrip(END_MARK))


class TextSource:
    """The text of a file as valid UTF-8 without byte order mark, read in blocks.

    A byte order mark overrides ``charset``, because it cannot be anything else. Bytes that are not valid
    raise :class:`InvalidByteError`; with ``check`` False they pass (UTF-8) or are replaced.
    """

    def __init__(self, path: Path, charset: str = "utf-8", *, check: bool = True) -> None:
        try:
            name = codecs.lookup(charset).name
            # Some codecs of Python are not for text, and some know no text but their own.
            b" ".decode(name, "replace")
        except (LookupError, ValueError):
            raise ContentError(f"unknown character set {charset[:40]!r} in the MIME type.", advice=ADVICE) from None
        self._file = path.open("rb")
        mark = mark_of(self._file.read(4))
        if mark and (mark[0] or name == "utf-8"):
            name = mark[1]
        self.bom = bool(mark and mark[0])
        self.is_utf8 = name in ("utf-8", "ascii", "utf-8-sig")
        """Whether the file's bytes are its text as UTF-8, but for the mark."""
        if self.is_utf8:
            name = "utf-8"
        # The decoders of UTF-16 and UTF-32 read the mark themselves, to know the order of bytes.
        self._start = len(mark[0]) if mark and self.is_utf8 else 0
        marks = _end_marks(self._file) if self.is_utf8 else 0
        self._end = self._file.tell() - marks if marks else None
        self._path = path
        self._file.seek(self._start)
        self._charset = name
        self._decoder = codecs.getincrementaldecoder(name)("strict" if check else "replace")
        self._offset = 0
        self._ready = b""

    @property
    def closed(self) -> bool:
        """True once closed; Arrow asks."""
        return self._file.closed

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of UTF-8; empty only at the end."""
        while not self._ready:
            block = self._file.read(size if self._end is None else max(0, min(size, self._end - self._file.tell())))
            # Only looked at where it is ASCII: decoding would copy it.
            is_ascii = self.is_utf8 and block.isascii() and not self._decoder.getstate()[0]
            text = "" if is_ascii else self._decode(block)
            if not block:
                return b"" if self.is_utf8 else text.encode()
            self._offset += len(block)
            if self.is_utf8:
                # Bytes of a character cut by the block's end were checked as far as they go.
                return block
            self._ready = text.encode()
        given, self._ready = self._ready[:size], self._ready[size:]
        return given

    def _decode(self, block: bytes) -> str:
        waiting = len(self._decoder.getstate()[0])
        try:
            return self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            data: bytes = error.object
            place = self._offset - waiting + error.start
            raise InvalidByteError(self._charset, data[error.start], place, self._line_of(place)) from None
        except UnicodeError:
            raise ContentError(f"the content is not valid {self._charset.upper()}.", advice=ADVICE) from None

    def _line_of(self, offset: int) -> int:
        """The line with that byte, counted from 1: to count while reading would cost more than the reading."""
        with self._path.open("rb") as file:
            file.seek(self._start)
            blocks = (file.read(min(_BLOCK, offset - done)) for done in range(0, offset, _BLOCK))
            return 1 + sum(block.count(b"\n") for block in blocks)

    def skip(self, count: int) -> None:
        """Read and drop ``count`` bytes."""
        while count > 0:
            block = self.read(count)
            if not block:
                break
            count -= len(block)


class HeldText:
    """Text that is in memory, valid UTF-8 without byte order mark, read as that of a file."""

    is_utf8 = True

    def __init__(self, text: bytes) -> None:
        self._text = io.BytesIO(text)

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; empty only at the end."""
        return self._text.read(size)


def read_at_most(source: TextSource | HeldText, size: int) -> bytes:
    """The first ``size`` bytes of the source, fewer only if it ends."""
    first = source.read(size)
    if len(first) in (0, size):
        return first
    out = io.BytesIO(first)
    out.seek(0, io.SEEK_END)
    while out.tell() < size:
        block = source.read(size - out.tell())
        if not block:
            break
        out.write(block)
    return out.getvalue()


def in_groups(data: bytes, ends: npt.NDArray[np.int64], count: int) -> Iterator[tuple[bytes, npt.NDArray[np.int64]]]:
    """The lines that end at ``ends``, so many at a time, each group with where its own lines end."""
    for first in range(0, len(ends), count):
        group = ends[first : first + count]
        start = int(ends[first - 1]) if first else 0
        yield data[start : group[-1]], group - start
