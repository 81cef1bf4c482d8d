"""Scores requests of few rows in H2O's REST dialect, many in one call of the runtime, without a table for each.

It takes requests that ask only for predictions, with values that it can read. It declines all others, including wrong
ones: :func:`dai_scoring.service.h2o_rest.reply` answers them. That function uses Arrow, which takes ten times as long
for one row, but less time for some hundred rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson
import pyarrow as pa

from dai_scoring.batch.plan import TALLY, Way
from dai_scoring.fallbacks import log_fallback
from dai_scoring.formats import Declined, Format
from dai_scoring.formats.json.parser import parse
from dai_scoring.formats.rows import Rows
from dai_scoring.formats.text import MAX_PYTHON_ROWS
from dai_scoring.options import MissingColumns
from dai_scoring.schema import Column
from dai_scoring.scorer import Scorer
from dai_scoring.service.h2o_rest import Reply, rows_of, texts_of
from dai_scoring.values.few_rows import array_of, values_of
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
_ABSENT_COLUMN = Declined("a column of the model is absent")
_REFUSED = Declined("the model refuses a row")
_ERROR = Declined("an error, which each request is asked alone for")

_TEXT_OR_NULL = {str, type(None)}


@dataclass(slots=True)
class _ParsedRequest:
    count: int
    included: Sequence[tuple[str, Sequence[Any]]]
    has_fields: bool
    inputs: list[Sequence[Any] | pa.Array]


def replies(scorer: Scorer, bodies: Sequence[bytes], missing_columns: MissingColumns) -> list[Reply | Declined]:
    """The reply to each of these bodies of POST /model/score; Declined if the request must be scored separately."""
    found = _replies(scorer, bodies, missing_columns)
    declined = [one for one in found if isinstance(one, Declined)]
    for one in declined:
        TALLY.declined(Way.FEW_ROWS, one)
    TALLY.took(Way.FEW_ROWS, len(found) - len(declined))
    return found


def _replies(scorer: Scorer, bodies: Sequence[bytes], missing_columns: MissingColumns) -> list[Reply | Declined]:
    inputs = scorer.info.inputs
    asked = [_read(body, inputs, missing_columns) for body in bodies]
    fitting = [one for one in asked if not isinstance(one, Declined)]
    try:
        found = iter(_scored(scorer, fitting) if fitting else [])
    except Exception as error:  # noqa: BLE001 - whichever request is wrong: each will be scored separately
        log_fallback(error)
        return [_ERROR] * len(bodies)
    return [one if isinstance(one, Declined) else next(found) for one in asked]


def _read(body: bytes, inputs: Sequence[Column], missing_columns: MissingColumns) -> _ParsedRequest | Declined:
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
    place = {name: index for index, name in enumerate(fields)}
    included = request.get("includeFieldsInOutput") or ()
    hides = request.get("noFieldNamesInOutput")
    if (
        len(place) < len(fields)
        or set(map(len, rows)) != {len(fields)}
        or not (type(hides) is bool or hides is None)
        or not all(type(name) is str and name in place for name in included)
    ):
        return _OTHER_NAMES
    if not set(map(type, chain.from_iterable(rows))) <= _TEXT_OR_NULL:
        found = [[_text(value) for value in row] for row in rows]
        if any(value is _OTHER for row in found for value in row):
            return _OTHER_VALUE
        rows = found
    columns = list(zip(*rows, strict=True))
    # Values are read as in CSV, where every value is a text.
    as_rows = Rows(Format.CSV, tuple(fields), columns)
    values: list[Sequence[Any] | pa.Array] = []
    for column in inputs:
        at = place.get(column.name)
        if at is None:
            if column.required or missing_columns is not MissingColumns.AS_MISSING:
                return _ABSENT_COLUMN
            values.append([None] * len(rows))
            continue
        read = values_of(as_rows, at, column)
        if isinstance(read, Declined):
            return read
        values.append(read)
    wanted = set(included)
    return _ParsedRequest(
        len(rows), [(name, columns[place[name]]) for name in fields if name in wanted], not hides, values
    )


_OTHER = object()
"""Stands for a value that is neither a text, a number nor null."""


def _text(value: Any) -> Any:
    kind = type(value)
    if kind is str or value is None:
        return value
    return orjson.dumps(value).decode() if kind is int or kind is float else _OTHER


def _scored(scorer: Scorer, asked: Sequence[_ParsedRequest]) -> list[Reply | Declined]:
    total = sum(one.count for one in asked)
    columns = [array_of(column, [one.inputs[at] for one in asked]) for at, column in enumerate(scorer.info.inputs)]
    made = scorer.predict(columns, total)
    if made.refused:
        return [_REFUSED] * len(asked)
    names = made.predictions.schema.names
    predictions = texts_of(made.predictions)
    found: list[Reply | Declined] = []
    start = 0
    for one in asked:
        end = start + one.count
        reply: dict[str, Any] = {"id": scorer.info.id}
        if one.has_fields:
            reply["fields"] = [*(name for name, _ in one.included), *names]
        reply["score"] = rows_of(
            [*(values for _, values in one.included), *(texts[start:end] for texts in predictions)]
        )
        found.append(Reply(orjson.dumps(reply), rows=one.count, unseen=counts_between(made.unseen, start, end)))
        start = end
    return found
