"""The log: one JSON object per line, never a value of a row."""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dai_scoring.service import Response

if TYPE_CHECKING:
    from dai_routes.serve.answering.routing import Route

_requests = logging.getLogger("dai_routes.serve.requests")

# Which ids of clients are repeated in a header and in the log.
_PLAIN = re.compile(r"[\w.:+/=-]{1,128}", re.ASCII)


class RequestIds:
    """Gives requests their ids: the client's X-Request-Id, or a number of this process."""

    def __init__(self) -> None:
        self._prefix = os.urandom(6).hex().encode()
        self._numbers = itertools.count(1)

    def of(self, headers: Mapping[str, str]) -> bytes:
        """The id of a request. Names of headers are in lower case."""
        given = headers.get("x-request-id")
        if given is not None and _PLAIN.fullmatch(given):
            return given.encode()
        return self.new()

    def new(self) -> bytes:
        """A new id."""
        return b"%s-%x" % (self._prefix, next(self._numbers))


def log_request(
    request_id: bytes, method: str, route: Route | None, status: int, seconds: float, response: Response | None
) -> None:
    """Log an answer. The path is the route's template: a path that does not exist is not repeated."""
    about: dict[str, Any] = {
        "request_id": request_id.decode(),
        "method": method,
        "path": None if route is None else route.template,
        "model": None if route is None else route.model or None,
        "status": status,
        "ms": round(seconds * 1000, 3),
    }
    if response is not None and response.summary is not None:
        about |= {"rows": response.summary.scored, "rejected": response.summary.rejected}
    if response is not None and response.failure is not None:
        about["code"] = response.failure.code
    _requests.info("request", extra={"about": about})


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "about", {}),
        }
        if record.exc_info:
            # Not the exception's message: it may have values of a row.
            line["error"] = getattr(record.exc_info[0], "__name__", "")
        return json.dumps(line, default=str)


def set_up() -> None:
    """Log to standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.ERROR)
