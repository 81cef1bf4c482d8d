"""JSON-RPC 2.0 at /rpc, as the HTTP server of H2O's Python scoring pipelines answers it.

Methods: ``score`` (``row``, an object; ``pred_contribs``), ``get_column_names``, ``get_transformed_column_names`` and
``get_target_labels``. If the call is wrong, the status is 200, as in JSON-RPC; the error object has row and column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from dai_routes.serve.dialects.base import JSON, Call, Context, Dialect, ScorePath
from dai_routes.serve.dialects.tables import body_of, object_of, records_request, scores_of
from dai_scoring.errors import ContentError, RequestError, UnsupportedError
from dai_scoring.formats.json.columns import json_text
from dai_scoring.formats.json.parser import parse
from dai_scoring.options import Contributions, Wanted
from dai_scoring.scorer import Scorer
from dai_scoring.service import Failure, HttpRequest, HttpResponse, Request, Response

_PARSE, _INVALID, _NO_METHOD, _PARAMS, _OWN = -32700, -32600, -32601, -32602, -32000
_OF_THE_CALL = (200, 400, 501)
_TRANSFORMED = Wanted(Contributions.TRANSFORMED)


class NoMethodError(RequestError):
    """There is no such method."""

    code = "no_method"

    def __init__(self) -> None:
        super().__init__(f"the methods are {', '.join(('score', *_ABOUT))}.")


class ParamsError(RequestError):
    """The parameters of a method are not those that it takes."""

    code = "params"


_CODES = {"malformed_content": _PARSE, "bad_request": _INVALID, NoMethodError.code: _NO_METHOD}


@dataclass(slots=True)
class _Score:
    id: Any
    request: Request
    wants_contributions: bool
    prefix: str

    def answer(self, response: Response) -> HttpResponse:
        """The predictions of the row, or its contributions if the call asks for them."""
        columns = scores_of(response)
        # Of the model that scored: it may have been replaced since the call was read.
        outputs = () if response.model is None else response.model.outputs
        predictions = {self.prefix + column.name for column in outputs}
        return _result(
            self.id, [one[0] for name, one in columns.items() if (name in predictions) is not self.wants_contributions]
        )


def _read(http: HttpRequest, context: Context) -> Call | HttpResponse:
    asked = object_of(body_of(http, context))
    method, params = asked.get("method"), asked.get("params") or {}
    if not isinstance(method, str) or asked.get("jsonrpc", "2.0") != "2.0":
        raise RequestError('a call is an object with "jsonrpc": "2.0", "id", "method" and "params".')
    if method in _ABOUT:
        with context.service.scorer() as scorer:
            return _result(asked.get("id"), _ABOUT[method](scorer))
    if method != "score":
        raise NoMethodError
    if not isinstance(params, dict) or not isinstance(params.get("row"), dict):
        raise ParamsError("the params of score are an object with 'row': an object of columns and values.")
    wants = params.get("pred_contribs", False)
    if not isinstance(wants, bool):
        raise ParamsError("'pred_contribs' is true or false.")
    options = replace(context.one_row, wanted=_TRANSFORMED) if wants else context.one_row
    return _Score(asked.get("id"), records_request([params["row"]], options), wants, options.prediction_prefix)


def _transformed(scorer: Scorer) -> list[str]:
    none = pa.table({column.name: pa.nulls(0, pa.string()) for column in scorer.info.inputs})
    found = scorer.score(none, wanted=_TRANSFORMED).contributions
    if found is None:
        raise UnsupportedError("this model gives no contributions of transformed features.")
    return list(found.schema.names)


def _labels(scorer: Scorer) -> list[str] | None:
    """The classes; None for a regression model. Outputs of H2O-3 include the predicted class, which is left out."""
    found = [column.name.rpartition(".")[2] for column in scorer.info.outputs if column.name != "predict"]
    return found if len(found) > 1 else None


_ABOUT: dict[str, Callable[[Scorer], list[str] | None]] = {
    "get_column_names": lambda scorer: [column.name for column in scorer.info.inputs],
    "get_transformed_column_names": _transformed,
    "get_target_labels": _labels,
}


def _result(call: Any, value: Any) -> HttpResponse:
    return _answer({"jsonrpc": "2.0", "id": call, "result": value})


def _refuse(http: HttpRequest, failure: Failure) -> HttpResponse:
    asked = parse(http.body) if isinstance(http.body, bytes) and http.body else None
    data = {"code": failure.code, "row": failure.row, "column": failure.column}
    code = _PARAMS if isinstance(failure.error, ParamsError) else _CODES.get(failure.code, _OWN)
    if isinstance(failure.error, ContentError) and asked is not None:
        code = _INVALID
    error = {"code": code, "message": failure.client, "data": data}
    status = 200 if failure.status in _OF_THE_CALL else failure.status
    call = asked.get("id") if isinstance(asked, dict) else None
    return _answer({"jsonrpc": "2.0", "id": call, "error": error}, status)


def _answer(value: object, status: int = 200) -> HttpResponse:
    # An id may be a number of more than 64 bits, which has to come back as it was.
    return HttpResponse(status, {"Content-Type": JSON}, json_text(value).encode())


_PARTS = {"jsonrpc": "string", "method": "string"}

DIALECT = Dialect(
    "rpc", "JSON-RPC 2.0 at /rpc, as of H2O's Python pipelines", (ScorePath("/rpc", _read, _refuse, _PARTS),)
)
