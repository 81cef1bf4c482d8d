"""How much a Lambda function may return."""

from __future__ import annotations

import json
from typing import Any

from dai_routes.platforms.errors import error
from dai_scoring.service import HttpResponse

MOST_BYTES = (6 << 20) - (16 << 10)
"""Lambda sends no more than 6 MB; the rest is for headers."""

_MOST_FOR_A_BYTE = 6  # a character that is not ASCII, as a number


def is_too_large(returned: Any, size: int) -> bool:
    """Whether Lambda would not send what the function returns; ``size`` is how many bytes the scores are.

    Lambda's own runtime writes it as JSON, in which quotes and characters of other scripts take more room.
    """
    return size * _MOST_FOR_A_BYTE > MOST_BYTES and len(json.dumps(returned)) > MOST_BYTES


def too_large() -> HttpResponse:
    """The response instead."""
    text = "The scores are larger than the 6 MB that Lambda sends. Send fewer rows, or ask for columns=predictions."
    return error(413, "too_large", text)
