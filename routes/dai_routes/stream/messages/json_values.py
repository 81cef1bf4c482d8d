"""Values that JSON does not have, as JSON: of records of Avro, and of tasks of Celery."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson


def json_value(value: Any) -> Any:
    """What orjson writes for a value that it does not know: decimals become numbers, bytes Base64, others text."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value)) if value.is_finite() else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def json_text(record: Any) -> tuple[bytes, Callable[[bytes], Any]]:
    """A record as JSON, and what reads such a text. It is written whatever is in it, and may be rejected then."""
    try:
        return orjson.dumps(record, default=json_value), orjson.loads
    except TypeError:
        # orjson writes neither half a character nor an integer of more than 64 bits, which it would read as a double.
        return json.dumps(record, default=_plain_value).encode(), json.loads


def _plain_value(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else json_value(value)
