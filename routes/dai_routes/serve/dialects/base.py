"""What a dialect is: its paths, and how it reads a request and writes the answer or an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import orjson

from dai_scoring.batch.options import FileOptions
from dai_scoring.engine import ModelInfo
from dai_scoring.options import BadRows, OutputColumns
from dai_scoring.service import Failure, HttpRequest, HttpResponse, Request, Response, ScoringService

JSON = "application/json"


@dataclass(frozen=True)
class Context:
    """The model of a path: its name in paths, its service and options, and the largest body in bytes."""

    name: str
    service: ScoringService
    options: FileOptions
    most_bytes: int
    scores_only: FileOptions = field(init=False)
    """The options of requests whose answers have only predictions, in order. A bad row fails them, unless kept."""
    one_row: FileOptions = field(init=False)
    """The same for a request of one row, whose answer has no place for a reason: a bad row fails it."""

    def __post_init__(self) -> None:
        bad_rows = BadRows.KEEP if self.options.bad_rows is BadRows.KEEP else BadRows.FAIL
        only = replace(
            self.options, output_columns=OutputColumns.PREDICTIONS, id_columns=(), output_format=None, bad_rows=bad_rows
        )
        object.__setattr__(self, "scores_only", only)
        object.__setattr__(self, "one_row", replace(only, bad_rows=BadRows.FAIL))

    @property
    def info(self) -> ModelInfo | None:
        """The model's description; None if no model is loaded."""
        return self.service.readiness.model


class Call(Protocol):
    """A client's request, after it was read."""

    @property
    def request(self) -> Request:
        """The request to the service."""
        ...

    def answer(self, response: Response) -> HttpResponse:
        """The answer for the client."""
        ...


Refuse = Callable[[HttpRequest, Failure], HttpResponse]
"""Writes an error in the form of a dialect."""


def failed(http: HttpRequest, failure: Failure) -> HttpResponse:
    """An error as JSON: detail, code, row and column."""
    return json_answer(error_object(failure), failure.status)


def error_object(failure: Failure) -> dict[str, object]:
    """An error as an object for JSON."""
    return {"detail": failure.client, "code": failure.code, "row": failure.row, "column": failure.column}


@dataclass(frozen=True)
class ScorePath:
    """A path that takes rows by POST.

    ``read`` converts a request to a call, or to its answer if nothing is to be scored. It raises ScoringError if this
    is not a request of the dialect. ``wrapped`` has the types of the parts of the JSON object, ``rows`` for records;
    None if the body is only records. ``takes_formats`` says whether other formats than JSON are read. ``read_head``
    reads a request without its body, once for all that say the same, and returns what reads the bodies.
    """

    path: str
    read: Callable[[HttpRequest, Context], Call | HttpResponse]
    refuse: Refuse = failed
    wrapped: Mapping[str, str] | None = None
    takes_formats: bool = False
    read_head: Callable[[HttpRequest, Context], Callable[[bytes], Call]] | None = None


@dataclass(frozen=True)
class AboutPath:
    """A path for GET.

    If ``is_open``, it needs no key: it says only whether the server can score. If ``is_readiness``, it answers 503 when
    the server is about to end.
    """

    path: str
    answer: Callable[[HttpRequest, Context], HttpResponse]
    is_open: bool = False
    is_readiness: bool = False


@dataclass(frozen=True)
class Dialect:
    """A dialect, with its name on the command line.

    ``paths`` are under the model's own path, ``/models/NAME``; those of the first model are also at the root. ``fixed``
    are whole paths, in which ``{name}`` stands for the model's name. ``refuse`` writes errors at its paths for GET, and
    at paths that do not exist if they begin with ``root``.
    """

    name: str
    meaning: str
    paths: tuple[ScorePath | AboutPath, ...] = ()
    fixed: tuple[ScorePath | AboutPath, ...] = ()
    refuse: Refuse = failed
    root: str | None = None


def json_answer(value: object, status: int = 200) -> HttpResponse:
    """A response of JSON."""
    return HttpResponse(status, {"Content-Type": JSON}, orjson.dumps(value))
