"""Structs in Thrift's compact protocol: some fields are changed, and all others stay the bytes that they are.

The footer of a Parquet file is such a struct. The protocol is described in
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT, UUID = range(1, 14)

_SIZES = {TRUE: 0, FALSE: 0, BYTE: 1, DOUBLE: 8, UUID: 16}
_DEEPEST = 32
# Of a list: its size is in the first byte if it is smaller than this.
_LONG = 15

Wanted: TypeAlias = Mapping[int, Any]
"""Which fields are read as structs, or as lists of structs: by number, what is wanted of these in turn.

None for a list of structs that stay the bytes that they are.
"""


class ProtocolError(Exception):
    """The bytes are not what they were taken for."""


class Struct:
    """The fields of a struct by number: each with its type, and as bytes, as a struct or as a list of these."""

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields: dict[int, tuple[int, Any]] = {}

    def integer(self, number: int, kind: int = I64) -> int | None:
        """The value of a field; None if it has none of this type."""
        found, value = self.fields.get(number, (0, b""))
        if found != kind:
            return None
        bits = _varint(value, 0)[0]
        return (bits >> 1) ^ -(bits & 1)

    def needed(self, number: int) -> int:
        """The value of a field that must be an integer of 64 bits."""
        found = self.integer(number)
        if found is None:
            raise ProtocolError
        return found

    def set_integer(self, number: int, value: int) -> None:
        """Give a field a value of 64 bits."""
        self.fields[number] = (I64, _zigzag(value))

    def raw(self, number: int, kind: int) -> bytes | None:
        """A field as its bytes; None if it is absent, of another type or read as structs."""
        found, value = self.fields.get(number, (0, None))
        return value if found == kind and isinstance(value, bytes) else None

    def struct(self, number: int) -> Struct:
        """A field that was read as a struct."""
        kind, value = self.fields.get(number, (0, None))
        if kind != STRUCT or not isinstance(value, Struct):
            raise ProtocolError
        return value

    def elements(self, number: int) -> list[Any]:
        """A field that was read as a list of structs, or of their bytes."""
        kind, value = self.fields.get(number, (0, None))
        if kind != LIST or not isinstance(value, list):
            raise ProtocolError
        return value

    def drop(self, *numbers: int) -> None:
        """Remove fields if there are any."""
        for number in numbers:
            self.fields.pop(number, None)

    def encoded(self) -> bytes:
        """The struct in bytes."""
        out: list[bytes] = []
        _put_struct(self, out)
        return b"".join(out)


def read_struct(data: bytes, at: int, wanted: Wanted, depth: int = 0) -> tuple[Struct, int]:
    """The struct that begins there, and where it ends. Raises ProtocolError if these bytes are not a struct."""
    try:
        return _struct(data, at, wanted, depth)
    except IndexError:
        raise ProtocolError from None


def encoded_list(kind: int, elements: Sequence[bytes]) -> bytes:
    """A list of elements that are in bytes."""
    return b"".join([_list_start(kind, len(elements)), *elements])


def _struct(data: bytes, at: int, wanted: Wanted, depth: int) -> tuple[Struct, int]:
    struct = Struct()
    fields = struct.fields
    number = 0
    while head := data[at]:
        at += 1
        kind = head & 15
        last = number
        if head >> 4:
            number += head >> 4
        else:
            given, at = _varint(data, at)
            number = (given >> 1) ^ -(given & 1)
        if number <= last:
            # No writer does that; readers differ in what they make of it.
            raise ProtocolError
        value: Any
        if kind == STRUCT and wanted.get(number) is not None:
            value, at = _struct(data, at, wanted[number], _deeper(depth))
        elif kind == LIST and number in wanted and data[at] & 15 == STRUCT:
            value, at = _elements(data, at, wanted[number], _deeper(depth))
        else:
            end = _end(data, at, kind, depth)
            value = data[at:end]
            at = end
        fields[number] = (kind, value)
    return struct, at + 1


def _elements(data: bytes, at: int, wanted: Wanted | None, depth: int) -> tuple[list[Any], int]:
    _, size, at = _list_head(data, at)
    found: list[Any] = []
    for _ in range(size):
        if wanted is None:
            end = _end(data, at, STRUCT, depth)
            found.append(data[at:end])
            at = end
        else:
            one, at = _struct(data, at, wanted, depth)
            found.append(one)
    return found, at


def _list_head(data: bytes, at: int) -> tuple[int, int, int]:
    head = data[at]
    at += 1
    size = head >> 4
    if size == _LONG:
        size, at = _varint(data, at)
    return head & 15, size, at


def _end(data: bytes, at: int, kind: int, depth: int) -> int:
    """Where a value ends."""
    if I16 <= kind <= I64:
        while data[at] > 0x7F:
            at += 1
        return at + 1
    if kind == BINARY:
        size, at = _varint(data, at)
        return at + size
    if kind == STRUCT:
        depth = _deeper(depth)
        while head := data[at]:
            at += 1
            if not head >> 4:
                at = _varint(data, at)[1]
            kind = head & 15
            # Most fields are of these two kinds.
            if I16 <= kind <= I64:
                while data[at] > 0x7F:
                    at += 1
                at += 1
            elif kind == BINARY and data[at] <= 0x7F:
                at += data[at] + 1
            else:
                at = _end(data, at, kind, depth)
        return at + 1
    if kind in (LIST, SET):
        inner, size, at = _list_head(data, at)
        return _end_of_elements(data, at, size, (inner,), depth)
    if kind == MAP:
        size, at = _varint(data, at)
        if not size:
            return at
        kinds = data[at]
        return _end_of_elements(data, at + 1, size, (kinds >> 4, kinds & 15), depth)
    if kind in _SIZES:
        return at + _SIZES[kind]
    raise ProtocolError


def _end_of_elements(data: bytes, at: int, size: int, kinds: tuple[int, ...], depth: int) -> int:
    depth = _deeper(depth)
    if kinds == (STRUCT,):
        for _ in range(size):
            at = _end(data, at, STRUCT, depth)
        return at
    for _ in range(size):
        for kind in kinds:
            # In a list a truth value takes a byte.
            at = at + 1 if kind in (TRUE, FALSE) else _end(data, at, kind, depth)
        if at > len(data):
            raise ProtocolError
    return at


def _deeper(depth: int) -> int:
    if depth >= _DEEPEST:
        raise ProtocolError
    return depth + 1


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ProtocolError


def _put_struct(struct: Struct, out: list[bytes]) -> None:
    last = 0
    for number in sorted(struct.fields):
        kind, value = struct.fields[number]
        step = number - last
        out.append(bytes((step << 4 | kind,)) if 0 < step < 16 else bytes((kind,)) + _zigzag(number))
        last = number
        if isinstance(value, list):
            out.append(_list_start(STRUCT, len(value)))
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, Struct):
                _put_struct(one, out)
            else:
                out.append(one)
    out.append(b"\0")


def _list_start(kind: int, size: int) -> bytes:
    if size < _LONG:
        return bytes((size << 4 | kind,))
    return bytes((_LONG << 4 | kind,)) + _unsigned(size)


def _zigzag(value: int) -> bytes:
    return _unsigned(value << 1 if value >= 0 else (-value << 1) - 1)


def _unsigned(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
