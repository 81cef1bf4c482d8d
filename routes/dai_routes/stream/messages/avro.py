"""Messages of Avro: containers of one record, or a record behind the id of its schema, as Confluent's clients write."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import fastavro
import orjson

from dai_routes.stream.contract import Message
from dai_routes.stream.messages.json_values import json_value
from dai_routes.stream.messages.registry import SchemaRegistry, UnknownSchemaError
from dai_scoring.cli.errors import ToolError
from dai_scoring.formats.base import MALFORMED_ROW
from dai_scoring.service.single_records import Rejected

_CONTAINER = b"Obj\x01"
_WITH_ID = b"\x00"
_HEAD = 5
"""The bytes before a record: a zero, and four with the id of its schema."""

UNKNOWN_SCHEMA = "unknown_schema"


class AvroDecoder:
    """Makes JSON objects of records of Avro: decimals become numbers, bytes Base64, times ISO 8601."""

    def __init__(self, registry: SchemaRegistry | None) -> None:
        self._registry = registry

    def decode(self, messages: Sequence[Message]) -> list[bytes | Rejected | None]:
        """As :meth:`Decoder.decode`. Raises UnreachableError if the registry does not answer."""
        return [self._decoded(message.value) for message in messages]

    def _decoded(self, value: bytes | None) -> bytes | Rejected | None:
        if not value:
            return value
        try:
            record = self._record(value)
            return orjson.dumps(record, default=json_value)
        except UnknownSchemaError as error:
            return Rejected(UNKNOWN_SCHEMA, reason=str(error))
        except ToolError:
            raise
        # fastavro raises what its way through wrong bytes leads to: ValueError, EOFError, OSError, MemoryError ...
        except Exception as error:  # noqa: BLE001 - whatever it is, the message is at fault
            return Rejected(MALFORMED_ROW, reason=f"It is not a record of Avro ({type(error).__name__}).")

    def _record(self, value: bytes) -> Any:
        if value.startswith(_CONTAINER):
            records = list(fastavro.reader(io.BytesIO(value)))
            if len(records) != 1:
                raise ValueError("a message is one record")
            return records[0]
        if not value.startswith(_WITH_ID) or len(value) < _HEAD:
            raise ValueError("neither a container nor a record behind the id of its schema")
        if self._registry is None:
            raise UnknownSchemaError("It begins with the id of a schema, and --schema-registry is not given.")
        text = io.BytesIO(value)
        text.seek(_HEAD)
        record = fastavro.schemaless_reader(text, self._registry.schema(int.from_bytes(value[1:_HEAD], "big")), None)
        if text.read(1):
            raise ValueError("there is more behind the record")
        return record
