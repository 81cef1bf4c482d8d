"""Values packed into one string for a call over the bridge, which moves a short string by value and at little cost.

Each value is a big-endian int32 length and its bytes, as ISO 8859-1; a length of -1 stands for None. Longer strings go
through a file with the same bytes. ``Packed.java`` is the other side.
"""

from __future__ import annotations

import struct
from pathlib import Path

_LENGTH = struct.Struct(">i")
_NUMBER = struct.Struct(">q")
_MAX_BYTES = 3000
# In front of a file's name. Other strings begin with a length, and no length of a GB is ever sent.
_FILE = "@"


class Writer:
    """Collects values."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def number(self, value: int) -> None:
        """Append an integer of 64 bits."""
        self._parts.append(_NUMBER.pack(value))

    def bytes(self, value: bytes | None) -> None:
        """Append bytes or None."""
        if value is None:
            self._parts.append(_LENGTH.pack(-1))
        else:
            self._parts += (_LENGTH.pack(len(value)), value)

    def text(self) -> str:
        """All values as the string for the bridge."""
        return b"".join(self._parts).decode("latin-1")

    def text_or(self, file: Path) -> str:
        """All values as the string for the bridge; if it would be long, they go into the file and it names that."""
        if sum(map(len, self._parts)) <= _MAX_BYTES:
            return self.text()
        with file.open("wb") as out:
            out.writelines(self._parts)
        return f"{_FILE}{file}"


class Reader:
    """Gives the values back in the order in which they were added."""

    def __init__(self, values: str | bytes) -> None:
        self._data = values.encode("latin-1") if isinstance(values, str) else values
        self._position = 0

    @classmethod
    def of(cls, text: str, file: Path) -> Reader:
        """A reader of an answer. If the string is empty, the answer is in the file, which is deleted."""
        if text:
            return cls(text)
        data = file.read_bytes()
        file.unlink()
        return cls(data)

    def number(self) -> int:
        """The next value, an integer of 64 bits."""
        (value,) = _NUMBER.unpack_from(self._data, self._position)
        self._position += _NUMBER.size
        return int(value)

    def bytes(self) -> bytes | None:
        """The next value, bytes or None."""
        (length,) = _LENGTH.unpack_from(self._data, self._position)
        self._position += _LENGTH.size
        if length < 0:
            return None
        value = self._data[self._position : self._position + length]
        self._position += length
        return value
