"""The head of an Avro file, and its blocks, whose records are read with a schema that is not the head's."""

from __future__ import annotations

import json
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

import cramjam
import fastavro
from backports import zstd
from fastavro.schema import SchemaParseException, UnknownType
from lz4.block import LZ4BlockError

HANDLES_TEXT = "surrogateescape"
"""Bytes that are not UTF-8 become characters that nothing else becomes, so that their rows can be found."""

FAULTS = (
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    cramjam.DecompressionError,
    zstd.ZstdError,
    LZ4BlockError,
    # bzip2 and blocks of no length have errors of the system.
    RuntimeError,
    OSError,
    SchemaParseException,
    UnknownType,
)
"""What is raised where a file is damaged."""

_HEAD = fastavro.parse_schema(
    {
        "type": "record",
        "name": "org.apache.avro.file.Header",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
        ],
    }
)


@dataclass(frozen=True)
class Head:
    """What an Avro file begins with: its (unparsed) schema, and the mark after each of its blocks."""

    schema: Any
    meta: Mapping[str, bytes]
    magic: bytes
    sync: bytes


def head_of(file: BinaryIO) -> Head:
    """Read the head of a file, which then stands before its first block. Raises what fastavro and json do."""
    found: Any = fastavro.schemaless_reader(file, _HEAD, None)
    return Head(json.loads(found["meta"]["avro.schema"]), found["meta"], found["magic"], found["sync"])


class _WithHead:
    """A file that has another head; ``read`` is first of this, then of what follows it in the file."""

    read: Callable[[int], bytes]
    tell: Callable[[], int]


def blocks_of(file: BinaryIO, head: Head, schema: Any) -> Any:
    """The blocks of a file whose head was read, their records to be read with another schema, binary the same.

    They are those of fastavro.block_reader, which knows no other way to say so.
    """
    made = BytesIO()
    meta = {**head.meta, "avro.schema": json.dumps(schema).encode()}
    fastavro.schemaless_writer(made, _HEAD, {"magic": head.magic, "meta": meta, "sync": head.sync})
    made.seek(0)
    source: Any = _WithHead()
    source.read, source.tell = made.read, file.tell
    blocks = fastavro.block_reader(source, handle_unicode_errors=HANDLES_TEXT)
    source.read = file.read
    return blocks
