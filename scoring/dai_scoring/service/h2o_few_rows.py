"""Scores requests of few rows in H2O's REST dialect, many in one call of the runtime, without a table for each.

It takes requests that ask only for predictions, with values that it can read. It declines all others, including wrong
ones: :func:`dai_scoring.service.h2o_rest.reply` answers them. That function uses Arrow, which takes ten times as long
for one row, but less time for some hundred rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from dai_scoring.batch.plan import TALLY, Way
from dai_scoring.engine import RowRequests
from dai_scoring.fallbacks import log_fallback
from dai_scoring.formats import Declined, Format
from dai_scoring.formats.csv import writer as csv_writer
from dai_scoring.formats.json.alike import rows_of_values
from dai_scoring.formats.json.parser import parse
from dai_scoring.formats.rows import Rows
from dai_scoring.formats.text import MAX_PYTHON_ROWS
from dai_scoring.options import MissingColumns
from dai_scoring.schema import Column
from dai_scoring.scorer import Scorer
from dai_scoring.service.h2o_rest import Reply, rows_of, texts_of
from dai_scoring.values.few_rows import array_of, fitting_columns, quick_columns
from dai_scoring.values.unseen_levels import counts_between

_KEYS = frozenset(
    {
        "fields",
        "rows",
        "includeFieldsInOutput",
        "idField",
        "noFieldNamesInOutput",
        "requestShapleyValueType",
        "requestPredictionIntervals",
    }
)
_NO_FIELDS = Declined("the request does not have fields and rows alone, or not in H2O's form")
_MANY_ROWS = Declined("there are no rows, or too many for Python's objects")
_MORE_WANTED = Declined("contributions or intervals are wanted")
_OTHER_NAMES = Declined("a name comes twice, a row has another length, or what is to be included is not there")
_OTHER_VALUE = Declined("a value is neither a text, a number nor null")
_NUMBER_BACK = Declined("a number with decimals is to come back as it was written")
_ABSENT_COLUMN = Declined("a column of the model is absent")
_REFUSED = Declined("the model refuses a row")
_OTHER_REQUEST = Declined("there is more than fields and rows, or a value could be read in two ways")
_NO_REQUESTS = Declined("the model's runtime does not read requests itself")
_ERROR = Declined("an error was raised, and each request is answered alone")

_ONE_ROW = RowRequests(are_h2o=True)
_MOST_REPEATED = 16
"""By so many times at most the names of the fields, once for each row, may make a request longer."""
_TEXT_OR_NULL = {str, type(None)}


@dataclass(slots=True)
class _ParsedRequest:
    """A request: its rows, and what its reply includes."""

    rows: Rows
    included: Sequence[int]
    has_fields: bool


@dataclass(slots=True)
class _Batch:
    """Requests that have the same columns, and together their values for the model."""

    requests: Sequence[tuple[int, _ParsedRequest]]
    columns: Sequence[Sequence[Any] | pa.Array]


@dataclass(slots=True)
class _Predictions:
    """Columns of predictions as texts, and the rows with unseen levels."""

    names: Sequence[str]
    texts: Sequence[Sequence[str | None]]
    unseen: Mapping[str, npt.NDArray[np.int64]] | None


_Replies: TypeAlias = "dict[int, Reply | Declined]"
"""The replies to requests, by their index."""


def replies(
    scorer: Scorer, bodies: Sequence[bytes], missing_columns: MissingColumns, only_by_engine: bool = False
) -> list[Reply | Declined]:
    """The reply to each of these bodies of POST /model/score; Declined if the request must be scored separately.

    ``only_by_engine`` is for larger bodies: if the engine does not read them itself, Arrow is the quicker way.
    """
    first = _by_engine(scorer, bodies)
    left = [body for body, one in zip(bodies, first, strict=True) if isinstance(one, Declined)]
    if not left or only_by_engine:
        return first
    others = iter(_counted(scorer, left, missing_columns))
    return [next(others) if isinstance(one, Declined) else one for one in first]


def _by_engine(scorer: Scorer, bodies: Sequence[bytes]) -> list[Reply | Declined]:
    """The replies to requests that the engine reads itself, each row as a request of its own."""
    if not scorer.reads_requests:
        return [_NO_REQUESTS] * len(bodies)
    requests = [_one_by_one(body) for body in bodies]
    try:
        made = scorer.predict_requests([row for rows in requests for row in rows], _ONE_ROW)
    except Exception as error:  # noqa: BLE001 - whichever request is wrong: each will be scored in another way
        log_fallback(error)
        made = _ERROR
    if isinstance(made, Declined):
        return [made] * len(bodies)
    reply: dict[str, Any] = {"id": scorer.info.id, "fields": [column.name for column in scorer.info.outputs]}
    found: list[Reply | Declined] = []
    taken = start = 0
    for rows in requests:
        end = start + len(rows)
        if all(made.scored[start:end]):
            reply["score"] = [list(map(csv_writer.cell, row)) for row in made.rows[start:end]]
            found.append(Reply(orjson.dumps(reply), rows=len(rows), unseen=counts_between(made.unseen, start, end)))
            taken += 1
        else:
            TALLY.declined(Way.ROW_REQUESTS, _OTHER_REQUEST)
            found.append(_OTHER_REQUEST)
        start = end
    TALLY.took(Way.ROW_REQUESTS, taken)
    return found


def _one_by_one(body: bytes) -> list[bytes]:
    """A request as requests of one row each; as it is if it has one row, or is not in the usual form."""
    start = body.find(b"[", body.find(b'"rows"'))
    end = body.rfind(b"]") + 1
    rows = rows_of_values(body[start:end])
    if rows is None or (len(body) - (end - start)) * len(rows) > _MOST_REPEATED * len(body):
        return [body]
    return [b"%b[[%b]]%b" % (body[:start], row, body[end:]) for row in rows]


def _counted(scorer: Scorer, bodies: Sequence[bytes], missing_columns: MissingColumns) -> list[Reply | Declined]:
    found = _replies(scorer, bodies, missing_columns)
    declined = [one for one in found if isinstance(one, Declined)]
    for one in declined:
        TALLY.declined(Way.FEW_ROWS, one)
    TALLY.took(Way.FEW_ROWS, len(found) - len(declined))
    return found


def _replies(scorer: Scorer, bodies: Sequence[bytes], missing_columns: MissingColumns) -> list[Reply | Declined]:
    found: _Replies = {}
    groups: dict[tuple[str, ...], list[tuple[int, _ParsedRequest]]] = {}
    try:
        for index, body in enumerate(bodies):
            one = _read(body)
            if isinstance(one, Declined):
                found[index] = one
            else:
                groups.setdefault(one.rows.names, []).append((index, one))
        batches: list[_Batch] = []
        for names, requests in groups.items():
            places = _places(names, scorer.info.inputs, missing_columns)
            if isinstance(places, Declined):
                found |= dict.fromkeys([index for index, _ in requests], places)
            else:
                batches += _judged(requests, places, scorer.info.inputs, found)
        if batches:
            _score(scorer, batches, found)
    except Exception as error:  # noqa: BLE001 - whichever request is wrong: each will be scored separately
        log_fallback(error)
        return [_ERROR] * len(bodies)
    return [found[index] for index in range(len(bodies))]


def _read(body: bytes) -> _ParsedRequest | Declined:
    request = parse(body)
    if type(request) is not dict or not request.keys() <= _KEYS:
        return _NO_FIELDS
    fields, rows = request.get("fields"), request.get("rows")
    if type(fields) is not list or type(rows) is not list or set(map(type, fields)) != {str}:
        return _NO_FIELDS
    if not 0 < len(rows) <= MAX_PYTHON_ROWS:
        return _MANY_ROWS
    if request.get("requestShapleyValueType") not in (None, "NONE") or request.get("requestPredictionIntervals"):
        return _MORE_WANTED
    if set(map(type, rows)) != {list}:
        return _NO_FIELDS
    included = request.get("includeFieldsInOutput") or ()
    hides = request.get("noFieldNamesInOutput")
    names = set(fields)
    if (
        len(names) < len(fields)
        or set(map(len, rows)) != {len(fields)}
        or not (type(hides) is bool or hides is None)
        or not all(type(name) is str and name in names for name in included)
    ):
        return _OTHER_NAMES
    wanted = set(included)
    places = [at for at, name in enumerate(fields) if name in wanted] if wanted else ()
    if not set(map(type, chain.from_iterable(rows))) <= _TEXT_OR_NULL:
        if any(type(row[at]) is float for row in rows for at in places):
            return _NUMBER_BACK
        rows = [[_text(value) for value in row] for row in rows]
        if any(value is _OTHER for row in rows for value in row):
            return _OTHER_VALUE
    # Values are read as in CSV, where every value is a text.
    return _ParsedRequest(Rows(Format.CSV, tuple(fields), rows), places, not hides)


def _places(
    names: Sequence[str], inputs: Sequence[Column], missing_columns: MissingColumns
) -> Sequence[int | None] | Declined:
    """Where each of the model's columns is; None for one that is absent and may be."""
    place = {name: at for at, name in enumerate(names)}
    for column in inputs:
        if column.name not in place and (column.required or missing_columns is not MissingColumns.AS_MISSING):
            return _ABSENT_COLUMN
    return [place.get(column.name) for column in inputs]


def _judged(
    requests: Sequence[tuple[int, _ParsedRequest]],
    places: Sequence[int | None],
    inputs: Sequence[Column],
    found: _Replies,
) -> list[_Batch]:
    """The requests with values that fit the model, of those that have the same columns."""
    records = [record for _, one in requests for record in one.rows.records]
    quick = quick_columns(list(zip(*records, strict=True)), places, inputs, len(records))
    if not isinstance(quick, Declined):
        return [_Batch(requests, quick)]
    batches = []
    for index, one in requests:
        columns = fitting_columns(one.rows, places, inputs)
        if isinstance(columns, Declined):
            found[index] = columns
        else:
            batches.append(_Batch([(index, one)], columns))
    return batches


_OTHER = object()
"""Stands for a value that is neither a text, a number nor null."""


def _text(value: Any) -> Any:
    kind = type(value)
    if kind is str or value is None:
        return value
    return orjson.dumps(value).decode() if kind is int or kind is float else _OTHER


def _predictions(scorer: Scorer, batches: Sequence[_Batch], rows: int) -> _Predictions | Declined:
    if len(batches) == 1 and not any(isinstance(values, pa.Array) for values in batches[0].columns):
        found = scorer.predict_values(batches[0].columns, rows)
        if not isinstance(found, Declined):
            texts = [list(map(csv_writer.cell, column)) for column in found.columns]
            return _Predictions([column.name for column in scorer.info.outputs], texts, found.unseen)
    columns = [array_of(column, [one.columns[at] for one in batches]) for at, column in enumerate(scorer.info.inputs)]
    made = scorer.predict(columns, rows)
    if made.refused:
        return _REFUSED
    return _Predictions(made.predictions.schema.names, texts_of(made.predictions), made.unseen)


def _score(scorer: Scorer, batches: Sequence[_Batch], found: _Replies) -> None:
    """Score the rows of all batches in one call, and write the replies."""
    requests = [one for batch in batches for one in batch.requests]
    made = _predictions(scorer, batches, sum(one.rows.count for _, one in requests))
    if isinstance(made, Declined):
        found |= dict.fromkeys([index for index, _ in requests], made)
        return
    predictions = rows_of(made.texts)
    start = 0
    for index, one in requests:
        end = start + one.rows.count
        reply: dict[str, Any] = {"id": scorer.info.id}
        scores = predictions[start:end]
        if one.included:
            scores = [
                [*(record[at] for at in one.included), *score]
                for record, score in zip(one.rows.records, scores, strict=True)
            ]
        if one.has_fields:
            reply["fields"] = [*(one.rows.names[at] for at in one.included), *made.names]
        reply["score"] = scores
        unseen = counts_between(made.unseen, start, end)
        found[index] = Reply(orjson.dumps(reply), rows=one.rows.count, unseen=unseen)
        start = end
