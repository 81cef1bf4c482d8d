"""Uncompresses the bodies of requests, as the header Content-Encoding says."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dai_scoring.errors import ContentError
from dai_scoring.service.http_errors import ContentEncodingError, TooLargeError
from dai_scoring.service.requests import RequestContents, Source, size_of, writes_again

KNOWN = ("gzip", "deflate")
"""The names of the ways to compress a body."""

_NAMES = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
# zlib itself recognises whether the header is that of gzip or of zlib.
_EITHER_HEADER = zlib.MAX_WBITS | 32
_BLOCK = 1 << 20


def uncompressed(contents: RequestContents, encoding: str, most_bytes: int | None = None) -> RequestContents:
    """The contents of a body with this Content-Encoding; a file or a source is uncompressed when it is read.

    Raises, now or then, ContentEncodingError if the encoding is not known, ContentError if the body is damaged,
    TooLargeError if there are more than ``most_bytes``.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return contents
    if name not in _NAMES:
        raise ContentEncodingError(KNOWN)
    if isinstance(contents, bytes):
        return b"".join(_blocks(iter((contents,)), _NAMES[name], most_bytes))
    return _CompressedSource(contents, _NAMES[name], most_bytes)


@dataclass(frozen=True)
class _CompressedSource:
    contents: Path | Source
    name: str
    most_bytes: int | None

    @property
    def size(self) -> int:
        """The size of what is compressed; rows are some times larger."""
        return size_of(self.contents)

    @property
    def writes_again(self) -> bool:
        """As what is compressed does."""
        return writes_again(self.contents)

    def write_to(self, path: Path) -> None:
        """Uncompress into a file."""
        source = self.contents
        if not isinstance(source, Path):
            packed = path.with_name(f"{path.name}.compressed")
            try:
                source.write_to(packed)
                self._write(packed, path)
            finally:
                packed.unlink(missing_ok=True)
        else:
            self._write(source, path)

    def _write(self, packed: Path, path: Path) -> None:
        with packed.open("rb") as file, path.open("wb") as out:
            out.writelines(_blocks(_read(file), self.name, self.most_bytes))


def _read(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _blocks(packed: Iterator[bytes], name: str, most_bytes: int | None) -> Iterator[bytes]:
    """Uncompressed blocks, each of limited size, so that few bytes cannot become more than there is memory for."""
    total = 0
    stream = zlib.decompressobj(_EITHER_HEADER)
    try:
        for data in packed:
            rest = data
            while rest:
                if stream.eof:
                    # gzip may have several members, one after the other.
                    stream = zlib.decompressobj(_EITHER_HEADER)
                block = stream.decompress(rest, _BLOCK)
                rest = stream.unused_data if stream.eof else stream.unconsumed_tail
                total += len(block)
                if most_bytes is not None and total > most_bytes:
                    raise TooLargeError(most_bytes)
                yield block
        while not stream.eof and (block := stream.decompress(b"", _BLOCK)):
            total += len(block)
            if most_bytes is not None and total > most_bytes:
                raise TooLargeError(most_bytes)
            yield block
    except zlib.error:
        raise _damaged(name) from None
    if not stream.eof:
        raise _damaged(name)


def _damaged(name: str) -> ContentError:
    return ContentError(f"the body is not valid {name}, or it ends too early.", advice=("Compress it again.",))
