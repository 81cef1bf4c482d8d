"""Converts named columns of plain values to requests of the service, and its responses to columns of scores.

Few rows are passed as JSON records, which the service scores together with those of other requests. Many rows are
passed as Arrow, which takes a fraction of the time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
import pyarrow as pa

from dai_routes.serve.dialects.base import JSON, Context
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import ContentError
from dai_scoring.formats import Format
from dai_scoring.formats.json.columns import json_text
from dai_scoring.formats.json.parser import checked, parse
from dai_scoring.formats.text import MAX_PYTHON_ROWS
from dai_scoring.service import HttpRequest, Request, Response
from dai_scoring.service.content_encoding import uncompressed
from dai_scoring.service.http_errors import NoBodyError

_ARROW = Format.ARROW_STREAM.mime_type

Columns = Mapping[str, Sequence[Any]]
"""Columns by name, all of the same length: lists of JSON values, or Arrow arrays."""


def body_of(http: HttpRequest, context: Context) -> bytes:
    """The uncompressed body. Raises RequestError if the request has no body, or one that is too large."""
    body = uncompressed(http.body, http.headers.get("content-encoding", ""), context.most_bytes)
    if not isinstance(body, bytes) or not body or body.isspace():
        raise NoBodyError
    return body


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises ContentError for anything else."""
    found = json_of(body)
    if isinstance(found, dict):
        return found
    if found is None:
        try:
            checked(body)
        except orjson.JSONDecodeError as error:
            raise ContentError(f"the body is no valid JSON: {error}.") from None
    raise ContentError("the body must be a JSON object.")


def json_of(body: bytes) -> Any:
    """The value of a JSON text; None if it is not JSON.

    NaN, which JSON does not have, is null: clients in Python, such as MLflow's and NVIDIA's, write missing numbers so.
    """
    found = parse(body)
    if found is None and b"NaN" in body:
        with suppress(ValueError, RecursionError):
            return json.loads(body, parse_constant=_null)
    return found


def _null(constant: str) -> None:
    if constant != "NaN":
        raise ValueError(constant)


def request_of(columns: Columns, options: FileOptions) -> Request:
    """The request to score columns. Raises ContentError if they differ in length or there is no row."""
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        name, values = next((name, one) for name, one in columns.items() if len(one) != max(lengths))
        raise ContentError(f"'{name}' has {len(values)} values where another has {max(lengths)}.", column=name)
    count = lengths.pop() if lengths else 0
    if not count:
        raise ContentError("there are no rows.")
    if count > MAX_PYTHON_ROWS and (table := _table(columns)) is not None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return Request(sink.getvalue().to_pybytes(), _ARROW, options=options)
    plain = [one.to_pylist() if isinstance(one, pa.Array) else one for one in columns.values()]
    names = list(columns)
    return records_request([dict(zip(names, row, strict=True)) for row in zip(*plain, strict=True)], options)


def records_request(records: Sequence[Mapping[str, Any]], options: FileOptions) -> Request:
    """The request to score records."""
    if not records:
        raise ContentError("there are no rows.")
    try:
        return Request(json_text(records).encode(), JSON, options=options)
    except orjson.JSONEncodeError:
        raise ContentError("beside NaN, a value is half a character or a number beyond 64 bits.") from None


def records_of(value: Any, what: str) -> list[dict[str, Any]]:
    """A list of records. Raises ContentError for anything else, because columns are matched by name."""
    if not isinstance(value, list):
        raise ContentError(f"'{what}' must be a list of objects, one for each row.")
    for number, one in enumerate(value, 1):
        if not isinstance(one, dict):
            raise ContentError(
                f"row {number} of '{what}' must be an object with the names of columns: values without names are not "
                "scored, since their order would decide.",
                row=number,
            )
    return value


def columns_of(fields: Any, rows: Any, names: tuple[str, str]) -> dict[str, list[Any]]:
    """Columns of a list of ``fields`` and a list of rows; ``names`` are the dialect's names for the two."""
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise ContentError(f"'{names[0]}' must be a list of column names.")
    if len(set(fields)) < len(fields):
        raise ContentError(f"'{names[0]}' names a column more than once.")
    if not isinstance(rows, list):
        raise ContentError(f"'{names[1]}' must be a list of rows.")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(fields):
            raise ContentError(f"row {number} must be a list of {len(fields)} values, one a column.", row=number)
    return {name: [row[at] for row in rows] for at, name in enumerate(fields)}


def scores_of(response: Response) -> dict[str, list[Any]]:
    """The columns of a response; values of bad rows are null."""
    contents = response.contents
    if not isinstance(contents, bytes):
        raise TypeError("scores are asked for in memory")
    if response.mime_type == _ARROW:
        table = pa.ipc.open_stream(contents).read_all()
        return {name: column.to_pylist() for name, column in zip(table.schema.names, table.columns, strict=True)}
    records = orjson.loads(contents)
    return {name: [one[name] for one in records] for name in records[0]}


def score_records(response: Response) -> list[dict[str, Any]]:
    """The same as records."""
    if response.mime_type == JSON and isinstance(response.contents, bytes):
        found = orjson.loads(response.contents)
        return found if isinstance(found, list) else [found]
    columns = scores_of(response)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _table(columns: Columns) -> pa.Table | None:
    try:
        return pa.table({name: one if isinstance(one, pa.Array) else pa.array(one) for name, one in columns.items()})
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        # A column has values of several types: in JSON each value is checked separately.
        return None
