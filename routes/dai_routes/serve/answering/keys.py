"""API keys of clients. They are kept as digests and compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path

_BEARER = "bearer "


def digests(file: Path) -> tuple[bytes, ...]:
    """The SHA-256 of each key in a file. Each line is a key; empty lines and lines that begin with # are ignored.

    Raises OSError, or ValueError if the file has no key.
    """
    lines = (line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines())
    found = tuple(_digest(line) for line in lines if line and not line.startswith("#"))
    if not found:
        raise ValueError("it has no key")
    return found


def is_known(headers: Mapping[str, str], known: Sequence[bytes]) -> bool:
    """Whether the request has a known key. Names of headers are in lower case."""
    given = headers.get("authorization", "")
    key = given[len(_BEARER) :].strip() if given[: len(_BEARER)].lower() == _BEARER else headers.get("x-api-key", "")
    digest = _digest(key)
    # Compare with all keys, even after a match: the time must not depend on the key.
    return sum([hmac.compare_digest(digest, one) for one in known]) > 0


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
