"""Answers direct calls of the function (``aws lambda invoke``, Step Functions, another program), without HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from dai_routes.platforms.lambda_limits import is_too_large, too_large
from dai_routes.platforms.requests import H2O_SCORE, SCORE, is_h2o
from dai_scoring.service import HttpRequest, HttpResponse

LISTS = ("records", "rows", "instances")
"""The keys under which an event may have its rows."""

_CHOICES = ("columns", "bad_rows")
_HEADERS = {"Content-Type": "application/json"}


def answer(event: Any, respond: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Score an event: a row, a list of rows, ``{"records": [rows]}``, or a request of H2O's REST scorer.

    The scores have the same form as the rows. An error is an object with detail, code, row, column and status.
    """
    if is_h2o(event):
        return _sent(H2O_SCORE, event, {}, respond)
    name = next((one for one in LISTS if isinstance(event, Mapping) and _has_rows(event.get(one))), None)
    if name is None:
        return _sent(SCORE, event, {}, respond)
    choices = {one: str(event[one]) for one in _CHOICES if one in event}
    scored = _sent(SCORE, event[name], choices, respond)
    return {name: scored} if isinstance(scored, list) else scored


def _has_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)


def _sent(path: str, rows: Any, query: Mapping[str, str], respond: Callable[[HttpRequest], HttpResponse]) -> Any:
    # The standard library's json, since other packages do not write integers of any size.
    body = json.dumps(rows).encode()
    response = respond(HttpRequest("POST", path, query, _HEADERS, body))
    content, size = _read(response)
    if is_too_large(content, size):
        response = too_large()
        content, _ = _read(response)
    return content if response.status == 200 else {**content, "status": response.status}


def _read(response: HttpResponse) -> tuple[Any, int]:
    body = response.body if isinstance(response.body, bytes) else response.body.read_bytes()
    # So too here: orjson makes floats of them.
    return json.loads(body), len(body)
