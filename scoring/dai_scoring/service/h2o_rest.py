"""The dialect of H2O's own REST scorers, version 1: requests and responses as bytes, for any server to carry.

A client written for H2O's REST scorer works unchanged. Source: the definition of that scorer's API. Beyond it, values
in ``rows`` may be JSON numbers, booleans and null, not text alone.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

import orjson
import pyarrow as pa

from dai_scoring.batch.totals import bad_rows_error
from dai_scoring.engine import Capability
from dai_scoring.errors import (
    ContentError,
)
from dai_scoring.formats import text
from dai_scoring.formats.json.columns import LargeNumber
from dai_scoring.formats.json.parser import checked
from dai_scoring.options import Contributions, MissingColumns, Wanted
from dai_scoring.schema import ColumnType
from dai_scoring.scorer import Scorer

JSON = "application/json"
TEXT = "text/plain"

_T = TypeVar("_T")

_KEYS = ("fields", "rows")

_SAMPLES = {ColumnType.BOOL: "true", ColumnType.STR: "text", ColumnType.TIME64: "2018-01-01"}


class Endpoint(Enum):
    """What a client can ask for, by the last part of the path: below /model/, except READY."""

    ID = "id"
    SCHEMA = "schema"
    SAMPLE_REQUEST = "sample_request"
    CAPABILITIES = "capabilities"
    SCORE = "score"
    CONTRIBUTION = "contribution"
    READY = "readyz"
    """Whether the model can score; /readyz, which is no path of H2O's."""

    @property
    def path(self) -> str:
        """Where it is on the server."""
        return "/readyz" if self is Endpoint.READY else f"/model/{self.value}"

    @property
    def has_body(self) -> bool:
        """Whether it is a POST; the others are GET."""
        return self in (Endpoint.SCORE, Endpoint.CONTRIBUTION)


_ENDPOINTS = {one.path: one for one in Endpoint}


@dataclass(slots=True)
class Reply:
    """The body of a response; ``rows`` were scored for it. Nothing changes it."""

    body: bytes
    mime_type: str = JSON
    rows: int = 0
    unseen: Mapping[str, int] | None = None


def endpoint_at(method: str, path: str) -> Endpoint | None:
    """The endpoint of a request; None if it is not one of this dialect."""
    found = _ENDPOINTS.get(path)
    if found is None:
        return None
    fits = method == "POST" if found.has_body else method in ("GET", "HEAD")
    return found if fits else None


def reply(
    scorer: Scorer, endpoint: Endpoint, body: bytes, missing_columns: MissingColumns = MissingColumns.FAIL
) -> Reply | None:
    """Reply to a request; None for a body that is not of this dialect, such as a list of records.

    Raises ScoringError, whose message is the response's ``detail``, with the status that it has.
    """
    if not endpoint.has_body:
        return _about(scorer, endpoint)
    request = _read(body, {column.name for column in scorer.info.inputs})
    if request is None:
        if endpoint is Endpoint.SCORE:
            return None
        raise ContentError("the body is no JSON object with 'fields' and 'rows'.")
    return _score(scorer, request, endpoint, missing_columns, body)


def _about(scorer: Scorer, endpoint: Endpoint) -> Reply:
    info = scorer.info
    if endpoint is Endpoint.READY:
        return Reply(b"Ready", TEXT)
    if endpoint is Endpoint.ID:
        return Reply(info.id.encode(), TEXT)
    if endpoint is Endpoint.CAPABILITIES:
        return _json([one.value for one in Capability if one in scorer.capabilities])
    if endpoint is Endpoint.SCHEMA:
        described = {
            "inputFields": [{"name": one.name, "dataType": one.type.value} for one in info.inputs],
            "outputFields": [{"name": one.name, "dataType": one.type.value} for one in info.outputs],
        }
        return _json({"id": info.id, "schema": described})
    sample = [_SAMPLES.get(one.type, "0") for one in info.inputs]
    return _json(
        {
            "fields": [one.name for one in info.inputs],
            "includeFieldsInOutput": [],
            "noFieldNamesInOutput": False,
            "idField": None,
            "requestShapleyValueType": "NONE",
            "rows": [sample],
        }
    )


def _json(value: Any, rows: int = 0, unseen: Mapping[str, int] | None = None) -> Reply:
    return Reply(orjson.dumps(value), rows=rows, unseen=unseen)


def _read(body: bytes, columns: Collection[str]) -> dict[str, Any] | None:
    """The request in a body; None if that may be a record of a model with these columns.

    Raises ContentError for what can be neither.
    """
    try:
        request = checked(body)
    except orjson.JSONDecodeError as error:
        if not body.lstrip().startswith(b"{"):
            return None
        raise ContentError(f"the body is no valid JSON: {error}.") from None
    if not isinstance(request, dict):
        return None
    lacks = [name for name in _KEYS if name not in request]
    if not lacks:
        return request
    given = [name for name in _KEYS if name in request]
    if not given or given[0] in columns:
        return None
    raise ContentError(f"the body has '{given[0]}' and no '{lacks[0]}': a request to H2O's REST scorer has both.")


def _part(request: dict[str, Any], name: str, kind: type[_T], default: _T) -> _T:
    value = request.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise ContentError(f"'{name}' must be a {_WORDS[kind]}, not {_WORDS.get(type(value), 'something else')}.")
    return value


_WORDS = {list: "list", str: "text", bool: "boolean", int: "number", float: "number", dict: "object"}


def _names(request: dict[str, Any], part: str) -> list[str]:
    names = _part(request, part, list, [])
    if not all(isinstance(name, str) for name in names):
        raise ContentError(f"'{part}' must be a list of column names.")
    if len(set(names)) < len(names):
        raise ContentError(f"'{part}' names a column more than once.")
    return names


def _table(request: dict[str, Any], fields: list[str]) -> pa.Table:
    rows = _part(request, "rows", list, [])
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list):
            raise ContentError(f"row {number} must be a list of values, one for each of 'fields'.", row=number)
        if len(row) != len(fields):
            raise ContentError(f"row {number} has {len(row)} values, and there are {len(fields)} fields.", row=number)
    return pa.table([_column([row[index] for row in rows], name) for index, name in enumerate(fields)], names=fields)


def _column(values: list[Any], field: str) -> pa.Array:
    if not any(isinstance(value, bool) for value in values):
        return pa.array([_text(value, field, row) for row, value in enumerate(values, 1)], pa.string())
    # As JSON, in which a boolean is not the text of its name.
    texts = [
        None if _text(value, field, row) is None else orjson.dumps(value).decode()
        for row, value in enumerate(values, 1)
    ]
    return pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(texts, pa.string()))


def _text(value: Any, field: str, row: int) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return orjson.dumps(value).decode()
    raise ContentError(
        f"row {row}, field '{field}': there is a list or an object where a single value belongs.", row=row, column=field
    )


def _as_written(body: bytes, rows: list[list[Any]], places: Sequence[int]) -> list[list[Any]]:
    """The rows with numbers as they stand in the body, if they come back: a parser keeps not all of their digits."""
    if not any(isinstance(row[at], float) for row in rows for at in places):
        return rows
    try:
        written: list[list[Any]] = json.loads(body, parse_float=LargeNumber, parse_int=LargeNumber)["rows"]
    except RecursionError:
        return rows
    return written


def _wanted(request: dict[str, Any], endpoint: Endpoint) -> Wanted:
    default = "TRANSFORMED" if endpoint is Endpoint.CONTRIBUTION else "NONE"
    word = _part(request, "requestShapleyValueType", str, default)
    kinds = {one.name: one for one in Contributions}
    if endpoint is Endpoint.CONTRIBUTION:
        del kinds["NONE"]
    if word not in kinds:
        raise ContentError(f"'requestShapleyValueType' is one of {', '.join(kinds)}, not {word[:40]!r}.")
    return Wanted(kinds[word], _part(request, "requestPredictionIntervals", bool, False))


def _score(
    scorer: Scorer, request: dict[str, Any], endpoint: Endpoint, missing_columns: MissingColumns, body: bytes
) -> Reply:
    fields = _names(request, "fields")
    wanted = _wanted(request, endpoint)
    id_field = _part(request, "idField", str, "")
    included = set(_names(request, "includeFieldsInOutput"))
    if unknown := sorted(included - set(fields) - {id_field}):
        raise ContentError(f"'includeFieldsInOutput' names what is not in 'fields': {', '.join(unknown)}.")
    table = _table(request, fields)
    scored = scorer.score(table, missing_columns, wanted)
    if scored.rejects.num_rows:
        raise bad_rows_error(scored.rejects)
    if endpoint is Endpoint.CONTRIBUTION:
        return _json(_contributions(scored.contributions, scorer), table.num_rows, scored.unseen)
    kept = [name for name in fields if name in included]
    rows = _as_written(body, request["rows"], [fields.index(name) for name in kept]) if kept else []
    columns = [[_text(row[fields.index(name)], name, number) for number, row in enumerate(rows, 1)] for name in kept]
    if id_field in included and id_field not in fields:
        # As H2O's scorer does it: an id that the client did not give is made up.
        kept.append(id_field)
        columns.append([str(uuid.uuid4()) for _ in range(table.num_rows)])
    response: dict[str, Any] = {"id": scorer.info.id}
    if not _part(request, "noFieldNamesInOutput", bool, False):
        response["fields"] = [*kept, *scored.predictions.schema.names]
    response["score"] = rows_of([*columns, *texts_of(scored.predictions)])
    if wanted.contributions is not Contributions.NONE:
        response["featureShapleyContributions"] = _contributions(scored.contributions, scorer)
    if scored.intervals is not None:
        response["predictionIntervals"] = {
            "fields": scored.intervals.schema.names,
            "rows": rows_of(texts_of(scored.intervals)),
        }
    return _json(response, table.num_rows, scored.unseen)


def _contributions(table: pa.Table | None, scorer: Scorer) -> dict[str, Any]:
    """Contributions by output group: one without a name, or one for each class of a model of several."""
    table = table if table is not None else pa.table({})
    names = table.schema.names
    labels = [column.name.rpartition(".")[2] for column in scorer.info.outputs]
    groups = {label: [name for name in names if name.endswith(f".{label}")] for label in labels}
    if len(labels) < 2 or not all(groups.values()) or sum(map(len, groups.values())) != len(names):
        return {"features": names, "contributionGroups": [{"contributions": rows_of(texts_of(table))}]}
    features = [name.removesuffix(f".{labels[0]}") for name in groups[labels[0]]]
    return {
        "features": features,
        "contributionGroups": [
            {"outputGroup": label, "contributions": rows_of(texts_of(table.select(members)))}
            for label, members in groups.items()
        ],
    }


def texts_of(table: pa.Table) -> list[list[str | None]]:
    """The columns as text, numbers with all digits of their exact value, as in CSV."""
    return [
        [value for chunk in column.chunks for value in text.cells(chunk).fill_null("").to_pylist()]
        for column in table.columns
    ]


def rows_of(columns: Sequence[Sequence[str | None]]) -> list[list[str | None]]:
    """Columns as rows."""
    return [list(row) for row in zip(*columns, strict=True)]
