"""How much a Lambda function may return."""

from __future__ import annotations

import json
from typing import Any

from dai_routes.platforms.errors import error
from dai_scoring.service import HttpResponse

_FOR_HEADERS = 16 << 10

MOST_BYTES = (6 << 20) - _FOR_HEADERS
"""Lambda sends at most 6 MB, with the headers."""

MOST_TO_LOAD_BALANCER = (1 << 20) - _FOR_HEADERS
"""A load balancer passes on 1 MB. If there is more, its client gets the status 502."""

_MOST_FOR_A_BYTE = 6  # a character that is not ASCII, as a number


def is_too_large(returned: Any, size: int, most: int = MOST_BYTES) -> bool:
    """Whether the returned value has more than ``most`` bytes; ``size`` is the size of the scores in bytes.

    Lambda's own runtime writes the value as JSON, in which quotes and non-ASCII characters take more bytes.
    """
    return size * _MOST_FOR_A_BYTE > most and len(json.dumps(returned)) > most


def too_large(most: int = MOST_BYTES) -> HttpResponse:
    """The response to send instead of scores that are too large."""
    who = "6 MB that Lambda sends" if most == MOST_BYTES else "1 MB that the load balancer takes of a function"
    text = f"The scores are larger than the {who}. Send fewer rows, or ask for columns=predictions."
    return error(413, "too_large", text)
