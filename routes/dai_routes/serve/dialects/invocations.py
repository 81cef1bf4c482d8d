"""``/invocations`` of SageMaker and MLflow: CSV, JSON lines, or JSON with the rows under one of several names.

Source: MLflow's documentation of its scoring server, and SageMaker's of inference containers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dai_routes.serve.dialects.base import JSON, Call, Context, Dialect, ScorePath
from dai_routes.serve.dialects.tables import body_of, columns_of, json_of, records_of, records_request, request_of
from dai_routes.serve.dialects.vertex import Predictions
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import ContentError
from dai_scoring.formats import Format
from dai_scoring.formats.detect import format_of_mime_type
from dai_scoring.options import BadRows
from dai_scoring.service import HttpRequest, HttpResponse, Request, Response, http
from dai_scoring.service.accept import chosen_format
from dai_scoring.service.h2o_rest import Endpoint

_READ_HERE = (Format.JSON_ARRAY, Format.ARROW_STREAM)


@dataclass(slots=True)
class _AsWritten:
    """A call whose answer the service writes, in the format that the client chose or in H2O's dialect."""

    http: HttpRequest
    request: Request

    def answer(self, response: Response) -> HttpResponse:
        options = self.request.options
        return http.write(self.http, response, BadRows.REJECT if options is None else options.bad_rows)


def _read(request: HttpRequest, context: Context) -> Call:
    body = body_of(request, context)
    mime_type = request.headers.get("content-type", JSON)
    asked = json_of(body) if format_of_mime_type(mime_type) is Format.JSON_ARRAY else None
    if isinstance(asked, dict) and {"fields", "rows"} <= asked.keys():
        return _AsWritten(request, Request(body, JSON, endpoint=Endpoint.SCORE))
    if isinstance(asked, dict) and (known := [name for name in _READERS if name in asked]):
        found = _READERS[known[0]](asked[known[0]], context.scores_only)
    else:
        found = Request(body, mime_type, options=context.scores_only)
    accepted = chosen_format(request.headers.get("accept", ""), Format.JSON_ARRAY)
    if accepted is not None and accepted is not Format.JSON_ARRAY:
        found.options = replace(context.scores_only, output_format=accepted)
        return _AsWritten(request, found)
    if format_of_mime_type(found.mime_type) not in _READ_HERE:
        found.options = replace(context.scores_only, output_format=Format.JSON_ARRAY)
    return Predictions(found)


def _split(value: Any, options: FileOptions) -> Request:
    if not isinstance(value, dict) or not {"columns", "data"} <= value.keys():
        raise ContentError("'dataframe_split' must be an object with 'columns' and 'data'.")
    return request_of(columns_of(value["columns"], value["data"], ("columns", "data")), options)


def _records(name: str) -> Callable[[Any, FileOptions], Request]:
    return lambda value, options: records_request(records_of(value, name), options)


def _inputs(value: Any, options: FileOptions) -> Request:
    if not isinstance(value, dict):
        return records_request(records_of(value, "inputs"), options)
    columns = {name: one if isinstance(one, list) else [one] for name, one in value.items()}
    return request_of({name: [_single(each, name) for each in one] for name, one in columns.items()}, options)


def _single(value: Any, name: str) -> Any:
    # A column may be a list of rows with one value each.
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, list | dict):
        raise ContentError(f"'{name}' has a list or an object where a single value belongs.", column=name)
    return value


_READERS: dict[str, Callable[[Any, FileOptions], Request]] = {
    "dataframe_split": _split,
    "dataframe_records": _records("dataframe_records"),
    "instances": _records("instances"),
    "inputs": _inputs,
}

DIALECT = Dialect(
    "invocations", "SageMaker and MLflow at /invocations", (ScorePath("/invocations", _read, takes_formats=True),)
)
