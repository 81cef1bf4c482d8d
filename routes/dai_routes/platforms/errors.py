"""Errors of a platform's adapter, in the same form as all other errors."""

from __future__ import annotations

import orjson

from dai_scoring.service import HttpResponse


def error(status: int, code: str, detail: str) -> HttpResponse:
    """A response with an error: ``{"detail", "code", "row", "column"}``."""
    body = orjson.dumps({"detail": detail, "code": code, "row": None, "column": None})
    return HttpResponse(status, {"Content-Type": "application/json"}, body)
