"""What a client asks for with a request of rows, by its query string: which columns, and what of rows that are bad.

HandleHttpRequest writes each query parameter into an attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import TypeVar

from dai_scoring.errors import RequestError
from dai_scoring.files import FileOptions
from dai_scoring.options import BadRows, OutputColumns

METHOD = "http.method"
COLUMNS = "http.query.param.columns"
BAD_ROWS = "http.query.param.bad_rows"

KNOWN_COLUMNS = {"all": OutputColumns.ALL, "predictions": OutputColumns.PREDICTIONS}
KNOWN_BAD_ROWS = {"fail": BadRows.FAIL, "keep": BadRows.KEEP}

E_ = TypeVar("E_", bound=Enum)


def of_all(options: FileOptions) -> FileOptions:
    """The options for all requests: an answer has every row, so none is routed away from it."""
    return replace(options, bad_rows=BadRows.KEEP) if options.bad_rows is BadRows.REJECT else options


def of_one(options: FileOptions, attributes: Mapping[str, str]) -> FileOptions:
    """The options for one request: ``options``, unless it asks for others. RequestError for what there is not."""
    columns, bad_rows = attributes.get(COLUMNS), attributes.get(BAD_ROWS)
    if columns is not None:
        options = replace(options, output_columns=_chosen("columns", columns, KNOWN_COLUMNS))
    if bad_rows is not None:
        options = replace(options, bad_rows=_chosen("bad_rows", bad_rows, KNOWN_BAD_ROWS))
    return options


def _chosen(name: str, value: str, known: Mapping[str, E_]) -> E_:
    if value not in known:
        raise RequestError(f"the query parameter {name} is one of {', '.join(known)}.")
    return known[value]
