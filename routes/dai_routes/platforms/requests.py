"""Finds the path of the service for a request of a platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

SCORE, H2O_SCORE = "/score", "/model/score"
_H2O_KEYS = ("fields", "rows")


def is_h2o(request: Any) -> bool:
    """Whether this is a request of H2O's own scorers: ``{"fields": [names], "rows": [[values]]}``."""
    return isinstance(request, Mapping) and all(isinstance(request.get(name), list) for name in _H2O_KEYS)


def scored_at(path: str, body: bytes) -> str:
    """The service's path for a request at ``path``.

    The root means /score, since platforms call a model at the root of its address. At both paths a request in the form
    of H2O's REST scorer is answered as such: H2O's Lambda and its other templates take it at /score.
    """
    if path not in ("/", SCORE):
        return path
    if not body.lstrip().startswith(b"{") or not all(f'"{name}"'.encode() in body for name in _H2O_KEYS):
        return SCORE
    try:
        return H2O_SCORE if is_h2o(orjson.loads(body)) else SCORE
    except orjson.JSONDecodeError:
        return SCORE
