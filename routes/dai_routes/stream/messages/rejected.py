"""The message that is published for a record that could not be scored."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from dai_routes.stream.contract import Message, Result
from dai_scoring.service.single_records import Rejected

_HEADER = "dai-reject-"


def result(message: Message, why: Rejected, source: Mapping[str, Any]) -> Result:
    """What to publish: a JSON object with the reason, the source and the message itself; headers have the first two.

    The message is text, or in Base64 as ``message_base64`` if it is not UTF-8, and null for a tombstone. Only if the
    broker does not take it so, and the input keeps it, is it left out, with ``message_bytes`` instead.
    """
    reason = {"code": why.code, "column": why.column, "value": why.value, "reason": why.reason, **source}
    headers = [
        (_HEADER + name, str(value))
        for name, value in reason.items()
        # A value may be long, and need not be text that a header can hold.
        if value is not None and name not in ("value", "reason")
    ]
    short = None
    if message.is_kept and message.value is not None:
        short = orjson.dumps({**reason, "message_bytes": len(message.value)})
    return Result(message, orjson.dumps({**reason, **_text(message.value)}), why.code, headers, short)


def _text(value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {"message": None}
    try:
        return {"message": value.decode()}
    except UnicodeDecodeError:
        return {"message_base64": base64.b64encode(value).decode()}
