"""JSON cut into its parts by a look at the bytes between them, which are the same between any two parts.

Such bytes may also be in a text. Then the cut leaves parts that end within a text, which no parser takes. So whoever
reads the parts has to decline all of them if it declines one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SPACE = b" \t\r\n"
"""What JSON allows between values."""
# An object that ends with one of these is empty, or has blanks after its last value.
_OTHER_ENDS = frozenset({b"", b" ", b"\t", b"\r", b"\n"})


@dataclass(slots=True)
class Objects:
    """At least two objects: the text of each without its braces, and what stands between two of them, with braces."""

    texts: Sequence[bytes]
    between: bytes

    @property
    def whole(self) -> list[bytes]:
        """The objects with their braces."""
        return [b"{%b}" % text for text in self.texts]


def array_of_objects(contents: bytes) -> Objects | None:
    """The objects of an array; None if they are less than two, or not written alike."""
    array = contents.strip(SPACE)
    if array[:1] != b"[" or array[-1:] != b"]":
        return None
    between = _between(array, b"}", b"{")
    return None if between is None else _objects(array[1:-1].strip(SPACE), between)


def lines_of_objects(contents: bytes) -> Objects | None:
    """The same of lines that have an object each, with a line end of Unix."""
    return _objects(contents.removesuffix(b"\n"), b"}\n{")


def rows_of_values(array: bytes) -> list[bytes] | None:
    """The arrays in an array, each without its brackets; None if they are less than two, or not written alike."""
    if array[:1] != b"[" or array[-1:] != b"]":
        return None
    rows = array[1:-1].strip(SPACE)
    between = _between(rows, b"]", b"[")
    return None if between is None or rows[:1] != b"[" or rows[-1:] != b"]" else rows[1:-1].split(between)


def _objects(text: bytes, between: bytes) -> Objects | None:
    if text[:1] != b"{" or text[-1:] != b"}":
        return None
    texts = text[1:-1].split(between)
    if not _OTHER_ENDS.isdisjoint({one[-1:] for one in texts}):
        return None
    breaks = len(texts) - 1
    # Within an object, some ways write a line end as a blank.
    if not breaks or any(text.count(one) != breaks * between.count(one) for one in (b"\n", b"\r")):
        return None
    return Objects(texts, between)


def _between(text: bytes, close: bytes, opening: bytes) -> bytes | None:
    """What stands between the first two parts: what closes one, a comma, what opens the next one."""
    end = text.find(close)
    found = text[end : text.find(opening, end) + 1]
    return found if end >= 0 and found[1:-1].strip(SPACE) == b"," else None
