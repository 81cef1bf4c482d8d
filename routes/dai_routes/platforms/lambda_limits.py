"""How much a Lambda function may return."""

from __future__ import annotations

import json
from typing import Any

from dai_routes.platforms.errors import error
from dai_scoring.service import HttpResponse

MOST_BYTES = (6 << 20) - (16 << 10)
"""Lambda sends at most 6 MB; 16 KB of them are left for headers."""

_MOST_FOR_A_BYTE = 6  # a character that is not ASCII, as a number


def is_too_large(returned: Any, size: int) -> bool:
    """Whether the returned value is too large for Lambda; ``size`` is the size of the scores in bytes.

    Lambda's own runtime writes the value as JSON, in which quotes and non-ASCII characters take more bytes.
    """
    return size * _MOST_FOR_A_BYTE > MOST_BYTES and len(json.dumps(returned)) > MOST_BYTES


def too_large() -> HttpResponse:
    """The response to send instead of scores that are too large."""
    text = "The scores are larger than the 6 MB that Lambda sends. Send fewer rows, or ask for columns=predictions."
    return error(413, "too_large", text)
