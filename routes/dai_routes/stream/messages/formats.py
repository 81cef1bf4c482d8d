"""How a message becomes a record that the library scores."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from dai_routes.stream.contract import Message
from dai_scoring.service.single_records import Rejected


class MessageFormat(str, Enum):
    """What a message is."""

    JSON = "json"
    CSV = "csv"
    AVRO = "avro"


class Decoder(Protocol):
    """Makes JSON objects, or lines of CSV, of messages."""

    def decode(self, messages: Sequence[Message]) -> list[bytes | Rejected | None]:
        """The records; Rejected for a message that has none. Raises ToolError if it cannot tell now."""
        ...


class AsTheyAre:
    """For messages that are records: JSON and CSV."""

    def decode(self, messages: Sequence[Message]) -> list[bytes | Rejected | None]:
        """The values of the messages."""
        return [message.value for message in messages]
