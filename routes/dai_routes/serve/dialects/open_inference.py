"""The Open Inference Protocol, version 2: each column of the model is a tensor of its name.

Source: the protocol's definition (kserve/open-inference-protocol), and Triton's extension of binary tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from dai_routes.serve.dialects import tensors
from dai_routes.serve.dialects.base import JSON, AboutPath, Call, Context, Dialect, ScorePath, error_object, json_answer
from dai_routes.serve.dialects.tables import body_of, object_of, request_of, scores_of
from dai_scoring import __version__
from dai_scoring.batch.results import output_names
from dai_scoring.engine import ModelInfo
from dai_scoring.errors import ContentError
from dai_scoring.service import Failure, HttpRequest, HttpResponse, Request, Response, State

_HEADER = "Inference-Header-Content-Length"
_VERSION = "1"


@dataclass(slots=True)
class _Call:
    context: Context
    request: Request
    id: Any
    wanted: list[str]
    binary: frozenset[str]
    is_binary: bool

    def answer(self, response: Response) -> HttpResponse:
        """The outputs; those requested in binary form are bytes after the JSON."""
        columns = scores_of(response)
        if unknown := [name for name in self.wanted if name not in columns]:
            raise ContentError(f"there is no output '{unknown[0]}'; there are: {', '.join(columns)}.")
        types = {} if response.model is None else _output_types(response.model, self.context)
        outputs: list[dict[str, Any]] = []
        tail: list[bytes] = []
        for name in self.wanted or columns:
            values = columns[name]
            datatype = types.get(name) or ("FP64" if any(isinstance(one, float) for one in values) else tensors.BYTES)
            output: dict[str, Any] = {"name": name, "datatype": datatype, "shape": [len(values)]}
            if name in self.binary or (self.is_binary and name not in self.wanted):
                tail.append(tensors.to_bytes(values, datatype))
                output["parameters"] = {"binary_data_size": len(tail[-1])}
            else:
                output["data"] = values
            outputs.append(output)
        answer: dict[str, Any] = {"model_name": self.context.name, "model_version": _VERSION, "outputs": outputs}
        if self.id is not None:
            answer["id"] = self.id
        head = orjson.dumps(answer)
        if not tail:
            return HttpResponse(200, {"Content-Type": JSON}, head)
        headers = {"Content-Type": "application/octet-stream", _HEADER: str(len(head))}
        return HttpResponse(200, headers, head + b"".join(tail))


def _read(http: HttpRequest, context: Context) -> Call:
    body = body_of(http, context)
    head, tail = _parts(body, http.headers.get(_HEADER.lower()))
    asked = object_of(head)
    inputs = asked.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise ContentError("the body has no 'inputs', a list of tensors: one for each column of the model.")
    columns: dict[str, Any] = {}
    for one in inputs:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise ContentError("each of 'inputs' must be an object with 'name', 'shape', 'datatype' and 'data'.")
        name = one["name"]
        if name in columns:
            raise ContentError(f"'inputs' has '{name}' more than once.", column=name)
        count = tensors.check(name, one.get("shape"), one.get("datatype"))
        size = _part(one, "binary_data_size")
        if size is None:
            columns[name] = tensors.from_json(name, one.get("data"), count)
            continue
        if type(size) is not int or not 0 <= size <= len(tail):
            raise ContentError(f"input '{name}': 'binary_data_size' is not how many bytes it has.", column=name)
        columns[name] = tensors.from_bytes(name, tail[:size], one["datatype"], count)
        tail = tail[size:]
    if len(tail):
        raise ContentError(f"{len(tail)} bytes behind the JSON belong to no input.")
    wanted = asked.get("outputs") or []
    if not isinstance(wanted, list) or not all(isinstance(one, dict) and "name" in one for one in wanted):
        raise ContentError("'outputs' must be a list of objects with 'name'.")
    return _Call(
        context,
        request_of(columns, context.scores_only),
        asked.get("id"),
        [str(one["name"]) for one in wanted],
        frozenset(str(one["name"]) for one in wanted if _part(one, "binary_data") is True),
        _part(asked, "binary_data_output") is True,
    )


def _parts(body: bytes, length: str | None) -> tuple[bytes, memoryview]:
    if length is None:
        return body, memoryview(b"")
    try:
        size = int(length)
    except ValueError:
        size = -1
    if not 0 <= size <= len(body):
        raise ContentError(f"the header {_HEADER} is not how many bytes of the body are JSON.")
    return body[:size], memoryview(body)[size:]


def _part(one: dict[str, Any], name: str) -> Any:
    found = one.get("parameters")
    return found.get(name) if isinstance(found, dict) else None


def _refuse(http: HttpRequest, failure: Failure) -> HttpResponse:
    # Clients of this protocol read only 'error'.
    return json_answer({"error": failure.client, **error_object(failure)}, failure.status)


def _output_types(info: ModelInfo, context: Context) -> dict[str, str]:
    prefix = context.options.prediction_prefix
    return {prefix + column.name: tensors.OF_COLUMN[column.type] for column in info.outputs}


def _server(http: HttpRequest, context: Context) -> HttpResponse:
    return json_answer({"name": "dai-score", "version": __version__, "extensions": ["binary_tensor_data"]})


def _live(http: HttpRequest, context: Context) -> HttpResponse:
    return json_answer({"live": True})


def _ready(http: HttpRequest, context: Context) -> HttpResponse:
    is_ready = context.service.readiness.state is State.READY
    return json_answer({"name": context.name, "ready": is_ready}, 200 if is_ready else 503)


def _model(http: HttpRequest, context: Context) -> HttpResponse:
    with context.service.scorer() as scorer:
        info = scorer.info
        empty = pa.table({column.name: pa.nulls(0, pa.string()) for column in info.inputs})
        outputs = scorer.score(empty, wanted=context.options.wanted).outputs.schema.names
    types = _output_types(info, context)
    names = output_names(outputs, (), context.options.prediction_prefix)
    return json_answer(
        {
            "name": context.name,
            "versions": [_VERSION],
            "platform": f"{info.kind}, {info.runtime} {info.runtime_version}",
            "inputs": [_tensor(column.name, tensors.OF_COLUMN[column.type]) for column in info.inputs],
            "outputs": [_tensor(name, types.get(name, "FP64")) for name in names],
        }
    )


def _tensor(name: str, datatype: str) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1]}


_PLACES = ("/v2/models/{name}", f"/v2/models/{{name}}/versions/{_VERSION}")

DIALECT = Dialect(
    "v2",
    "the Open Inference Protocol at /v2/models/NAME/infer",
    fixed=(
        AboutPath("/v2", _server),
        AboutPath("/v2/health/live", _live, is_open=True),
        AboutPath("/v2/health/ready", _ready, is_open=True, is_readiness=True),
        *(AboutPath(place, _model) for place in _PLACES),
        *(AboutPath(f"{place}/ready", _ready, is_open=True, is_readiness=True) for place in _PLACES),
        *(ScorePath(f"{place}/infer", _read, _refuse, {"inputs": "array"}) for place in _PLACES),
    ),
    refuse=_refuse,
    root="/v2/",
)
