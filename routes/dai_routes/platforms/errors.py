"""Errors of a platform's adapter, in the form of all others."""

from __future__ import annotations

import orjson

from dai_scoring.service import HttpResponse


def error(status: int, code: str, detail: str) -> HttpResponse:
    """A response that says what was wrong: ``{"detail", "code", "row", "column"}``."""
    body = orjson.dumps({"detail": detail, "code": code, "row": None, "column": None})
    return HttpResponse(status, {"Content-Type": "application/json"}, body)
