"""Requests and responses of HTTP, without a server: for any server, gateway or function to carry.

A POST of records to /score is scored; the paths of H2O's REST scorer and /readyz are answered as well. An error is a
JSON object: ``{"detail": "what was wrong", "code": "bad_rows", "row": 2, "column": "age"}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import orjson

from dai_scoring.errors import BadRowsError, RequestError
from dai_scoring.formats import Format
from dai_scoring.formats.detect import format_of_mime_type
from dai_scoring.options import BadRows
from dai_scoring.service.accept import chosen_format
from dai_scoring.service.content_encoding import KNOWN, uncompressed
from dai_scoring.service.failures import Failure
from dai_scoring.service.h2o_rest import Endpoint, endpoint_at
from dai_scoring.service.http_errors import (
    ContentEncodingError,
    MethodNotAllowedError,
    MultipartError,
    NoBodyError,
    NotFoundError,
    TooLargeError,
)
from dai_scoring.service.requests import BAD_ROWS, COLUMNS, FORMAT, Request, RequestContents, size_of
from dai_scoring.service.responses import Response

SCORE_PATH = "/score"

_JSON = "application/json"
# Bounded, because clients may say what they like.
_said_by = lru_cache(64)(format_of_mime_type)
_CHOICES = (COLUMNS, BAD_ROWS, FORMAT)
_READ, _WRITE = ("GET", "HEAD"), ("POST",)


@dataclass(frozen=True)
class HttpRequest:
    """A request as a server gives it: names of headers in any case, the query as the last value of each parameter."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: RequestContents = b""


@dataclass(slots=True)
class HttpResponse:
    """A response: the body is bytes, or a file that the server deletes after it was sent.

    It is not frozen, since one is made for each message, but nothing changes it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | Path = b""

    @property
    def is_text(self) -> bool:
        """Whether the body is UTF-8; else it is a binary format."""
        kind = self.headers.get("Content-Type", "")
        return kind.startswith("text/") or format_of_mime_type(kind) in (Format.JSON_ARRAY, Format.JSON_LINES)


@dataclass(frozen=True)
class Head:
    """What a request says besides its body, read once for many requests that say the same."""

    endpoint: Endpoint | None
    mime_type: str | None = None
    encoding: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)

    def request(self, body: RequestContents, most_bytes: int | None = None) -> Request:
        """The request to score; raises RequestError if the body has nothing to score, or more than ``most_bytes``."""
        if self.endpoint is not None and not self.endpoint.has_body:
            return Request(b"", endpoint=self.endpoint)
        if most_bytes is not None and size_of(body) > most_bytes:
            raise TooLargeError(most_bytes)
        contents = uncompressed(body, self.encoding, most_bytes)
        if _is_blank(contents):
            raise NoBodyError
        return Request(contents, self.mime_type, None, self.endpoint, True, self.choices)


def read_head(http: HttpRequest, output_format: Format | None = None) -> Head:
    """What a request says besides its body; ``output_format`` is what the service writes if nobody chooses.

    Raises RequestError if it asks for what there is not.
    """
    endpoint = _endpoint(http.method, http.path)
    if endpoint is not None and not endpoint.has_body:
        return Head(endpoint)
    headers = {name.lower(): value for name, value in http.headers.items()}
    mime_type = headers.get("content-type")
    if (mime_type or "").lower().startswith("multipart/"):
        raise MultipartError
    choices = _choices(http.query)
    accepted = chosen_format(headers.get("accept", ""), output_format or _said_by(mime_type))
    if accepted is not None:
        choices.setdefault(FORMAT, accepted.value)
    return Head(endpoint, mime_type, headers.get("content-encoding", ""), choices)


def _choices(query: Mapping[str, str]) -> dict[str, str]:
    """The known parameters of a query. Gateways add others; one that is nearly known is a slip, and an error."""
    for name in query:
        if name not in _CHOICES and (meant := get_close_matches(name.lower().replace("-", "_"), _CHOICES, 1, 0.8)):
            raise RequestError(f"the query parameter {name} is not known. Did you mean {meant[0]}?")
    return {name: query[name] for name in _CHOICES if name in query}


def read(http: HttpRequest, output_format: Format | None = None, most_bytes: int | None = None) -> Request:
    """The request to score that was sent; ``output_format`` is what the service writes if nobody chooses.

    Raises RequestError if there is nothing to score, or more than ``most_bytes``.
    """
    return read_head(http, output_format).request(http.body, most_bytes)


def write(http: HttpRequest, response: Response, bad_rows: BadRows = BadRows.REJECT) -> HttpResponse:
    """What is sent back; ``bad_rows`` is for requests that do not say what to do with rows that cannot be scored."""
    if response.failure is not None:
        return _refused(http, response.failure)
    first = response.first_reject_if_none_scored
    if first is not None and bad_rows is not BadRows.KEEP and BAD_ROWS not in http.query:
        response.discard()
        return _no_row_scored(http, *first)
    headers = {"Content-Type": response.mime_type or _JSON}
    if response.model is not None:
        headers["scoring.model.id"] = response.model.id
    if response.summary is not None:
        headers["scoring.duration.ms"] = str(round(response.summary.seconds * 1000))
    body = response.contents if response.contents is not None else b""
    return HttpResponse(200, headers, b"" if http.method == "HEAD" else body)


def _refused(http: HttpRequest, failure: Failure) -> HttpResponse:
    found = _error(http, failure.status, failure.client, failure.code, failure.row, failure.column)
    further: dict[str, str] = {}
    if isinstance(failure.error, MethodNotAllowedError):
        further["Allow"] = ", ".join(failure.error.allowed)
    if isinstance(failure.error, ContentEncodingError):
        further["Accept-Encoding"] = ", ".join(KNOWN)
    return HttpResponse(found.status, {**found.headers, **further}, found.body)


def _no_row_scored(http: HttpRequest, row: int, column: str, reason: str) -> HttpResponse:
    where = f", column {column}" if column else ""
    detail = (
        f"None of the rows can be scored. Row {row}{where}: {reason}. "
        "With ?bad_rows=keep the answer has the reason of each row."
    )
    return _error(http, 400, detail, BadRowsError.code, row, column or None)


def _error(http: HttpRequest, status: int, detail: str, code: str, row: int | None, column: str | None) -> HttpResponse:
    body = orjson.dumps({"detail": detail, "code": code, "row": row, "column": column})
    return HttpResponse(status, {"Content-Type": _JSON}, b"" if http.method == "HEAD" else body)


def _endpoint(method: str, path: str) -> Endpoint | None:
    """What of H2O's dialect may be asked for; None for records."""
    method = method.upper()
    if path == SCORE_PATH:
        if method not in _WRITE:
            raise MethodNotAllowedError(method, path, _WRITE)
        return None
    found = endpoint_at(method, path)
    if found is not None:
        return found
    at_path = next((one for one in Endpoint if one.path == path), None)
    if at_path is None:
        raise NotFoundError(path)
    raise MethodNotAllowedError(method, path, _WRITE if at_path.has_body else _READ)


def _is_blank(contents: RequestContents) -> bool:
    if isinstance(contents, bytes):
        return not contents or contents.isspace()
    return not size_of(contents)
