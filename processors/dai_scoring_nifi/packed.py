"""Values packed into one string for the bridge, which moves a string by value and at little cost.

Big-endian int32 lengths and bytes, as ISO 8859-1; a length of -1 stands for None. ``Packed.java`` has the other side.
"""

from __future__ import annotations

import struct

_LENGTH = struct.Struct(">i")
_NUMBER = struct.Struct(">q")


class Writer:
    """Collects values."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def number(self, value: int) -> None:
        """Append an integer of 64 bits."""
        self._parts.append(_NUMBER.pack(value))

    def bytes(self, value: bytes | None) -> None:
        """Append bytes, or nothing at all."""
        if value is None:
            self._parts.append(_LENGTH.pack(-1))
        else:
            self._parts += (_LENGTH.pack(len(value)), value)

    def text(self) -> str:
        """All values as the string for the bridge."""
        return b"".join(self._parts).decode("latin-1")


class Reader:
    """Gives values back in the order in which they were put in."""

    def __init__(self, text: str) -> None:
        self._data = text.encode("latin-1")
        self._at = 0

    def number(self) -> int:
        """The next value, an integer of 64 bits."""
        (value,) = _NUMBER.unpack_from(self._data, self._at)
        self._at += _NUMBER.size
        return int(value)

    def bytes(self) -> bytes | None:
        """The next value, bytes or None."""
        (length,) = _LENGTH.unpack_from(self._data, self._at)
        self._at += _LENGTH.size
        if length < 0:
            return None
        value = self._data[self._at : self._at + length]
        self._at += length
        return value
