"""What requests from a platform's own ways have in common: where their rows are scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

SCORE, H2O_SCORE = "/score", "/model/score"
_H2O_KEYS = ("fields", "rows")


def is_h2o(request: Any) -> bool:
    """Whether this is a request as H2O's own scorers take it: ``{"fields": [names], "rows": [[values]]}``."""
    return isinstance(request, Mapping) and all(isinstance(request.get(name), list) for name in _H2O_KEYS)


def scored_at(path: str, body: bytes) -> str:
    """The service's path for a request at ``path``.

    The root is /score, as platforms call a model at its own address. At both, a request of H2O's REST scorer is one:
    H2O's Lambda and its other templates take it at /score.
    """
    if path not in ("/", SCORE):
        return path
    if not body.lstrip().startswith(b"{") or not all(f'"{name}"'.encode() in body for name in _H2O_KEYS):
        return SCORE
    try:
        return H2O_SCORE if is_h2o(orjson.loads(body)) else SCORE
    except orjson.JSONDecodeError:
        return SCORE
