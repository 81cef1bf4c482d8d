"""The two dialects of the service itself: records in every format of the library, and H2O's REST dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dai_routes.serve.dialects.base import AboutPath, Call, Context, Dialect, ScorePath
from dai_scoring.options import BadRows
from dai_scoring.service import Failure, HttpRequest, HttpResponse, Request, Response, http
from dai_scoring.service.h2o_rest import Endpoint


@dataclass(slots=True)
class _Call:
    http: HttpRequest
    request: Request
    bad_rows: BadRows

    def answer(self, response: Response) -> HttpResponse:
        return http.write(self.http, response, self.bad_rows)


def _read(request: HttpRequest, context: Context) -> Call:
    found = http.read(request, context.options.output_format, context.most_bytes)
    return _Call(request, found, context.options.bad_rows)


def _read_head(request: HttpRequest, context: Context) -> Callable[[bytes], Call]:
    head = http.read_head(request, context.options.output_format)
    return lambda body: _Call(request, head.request(body, context.most_bytes), context.options.bad_rows)


def _refuse(request: HttpRequest, failure: Failure) -> HttpResponse:
    return http.write(request, Response(None, failure=failure))


def _about(request: HttpRequest, context: Context) -> HttpResponse:
    return context.service.respond_http(request)


RECORDS = Dialect(
    "records",
    "records as JSON, JSON lines, CSV, Arrow, Parquet or Avro at /score",
    (ScorePath(http.SCORE_PATH, _read, _refuse, takes_formats=True, read_head=_read_head),),
)
H2O = Dialect(
    "h2o",
    "H2O's REST scorers, version 1, at /model/score and the paths next to it",
    tuple(
        ScorePath(one.path, _read, _refuse, {"fields": "array", "rows": "array"}, read_head=_read_head)
        if one.has_body
        else AboutPath(one.path, _about)
        for one in Endpoint
        if one is not Endpoint.READY
    ),
)
