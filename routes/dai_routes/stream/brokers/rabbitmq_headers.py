"""Values of RabbitMQ's headers that pika does not keep.

It makes whole numbers of those with a fraction, and fails at a time beyond the year 9999, as one in milliseconds is: no
message behind such a one would be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pika import data

_SIZES: Mapping[bytes, int] = {b"f": 4, b"d": 8, b"T": 8}
"""The bytes of a float, a double and a time, by the letter that is before them."""


class AsItCame(bytes):
    """A value of a header with the letter of its type, as it was received and is sent."""


def keep_values() -> None:
    """Let pika keep the values of headers that it would change, or fail at, as they came.

    It has no setting for that: its functions are replaced, for all connections of the process.
    """
    data.decode_value = _decoding(data.decode_value)
    data.encode_value = _encoding(data.encode_value)


def _decoding(others: Callable[[bytes, int], tuple[Any, int]]) -> Callable[[bytes, int], tuple[Any, int]]:
    def decode_value(encoded: bytes, offset: int) -> tuple[Any, int]:
        size = _SIZES.get(encoded[offset : offset + 1])
        if size is None:
            return others(encoded, offset)
        end = offset + 1 + size
        return AsItCame(encoded[offset:end]), end

    return decode_value


def _encoding(others: Callable[[list[bytes], Any], int]) -> Callable[[list[bytes], Any], int]:
    def encode_value(pieces: list[bytes], value: Any) -> int:
        if not isinstance(value, AsItCame):
            return others(pieces, value)
        pieces.append(value)
        return len(value)

    return encode_value
