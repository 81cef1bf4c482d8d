"""What a dialect is: its paths, and how it reads a request and writes the answer or an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import orjson

from dai_scoring.batch.options import FileOptions
from dai_scoring.options import BadRows, OutputColumns
from dai_scoring.scorer import ModelInfo
from dai_scoring.service import Failure, HttpRequest, HttpResponse, Request, Response, ScoringService

JSON = "application/json"


@dataclass(frozen=True)
class Context:
    """The model that is asked: its name in paths, its service and options, the largest body in bytes."""

    name: str
    service: ScoringService
    options: FileOptions
    most_bytes: int
    scores_only: FileOptions = field(init=False)
    """The options of requests whose answers have predictions alone, in order: a row that is bad fails them."""

    def __post_init__(self) -> None:
        bad_rows = BadRows.KEEP if self.options.bad_rows is BadRows.KEEP else BadRows.FAIL
        only = replace(
            self.options, output_columns=OutputColumns.PREDICTIONS, id_columns=(), output_format=None, bad_rows=bad_rows
        )
        object.__setattr__(self, "scores_only", only)

    @property
    def info(self) -> ModelInfo | None:
        """The model's description, None while there is none."""
        return self.service.readiness.model


class Call(Protocol):
    """A client's request, read."""

    @property
    def request(self) -> Request:
        """What the service scores for it."""
        ...

    def answer(self, response: Response) -> HttpResponse:
        """What is sent back."""
        ...


Refuse = Callable[[HttpRequest, Failure], HttpResponse]
"""How a dialect says an error."""


def failed(http: HttpRequest, failure: Failure) -> HttpResponse:
    """An error as JSON: what was wrong, its code, the row and the column."""
    return json_answer(told(failure), failure.status)


def told(failure: Failure) -> dict[str, object]:
    """The same as plain values."""
    return {"detail": failure.client, "code": failure.code, "row": failure.row, "column": failure.column}


@dataclass(frozen=True)
class ScorePath:
    """A path that takes rows by POST.

    ``read`` makes a call of a request, or its answer at once if it has no rows. It raises ScoringError for what is no
    request of the dialect. ``wrapped`` has the types of the parts of its JSON object, ``rows`` for records; None if the
    body is records as they are. ``takes_formats`` says whether other formats than JSON are read.
    """

    path: str
    read: Callable[[HttpRequest, Context], Call | HttpResponse]
    refuse: Refuse = failed
    wrapped: Mapping[str, str] | None = None
    takes_formats: bool = False


@dataclass(frozen=True)
class AboutPath:
    """A path that is asked by GET.

    One that ``is_open`` needs no key: it tells only whether the server can score. One that ``is_readiness`` answers 503
    once the server is about to end.
    """

    path: str
    answer: Callable[[HttpRequest, Context], HttpResponse]
    is_open: bool = False
    is_readiness: bool = False


@dataclass(frozen=True)
class Dialect:
    """A dialect, by the name that the command line has for it.

    A path is behind the model's own, ``/models/NAME``; those of the first model are at the root too. Paths of
    ``fixed`` are only where they say, with the model's name for ``{name}``.
    """

    name: str
    meaning: str
    paths: tuple[ScorePath | AboutPath, ...] = ()
    fixed: tuple[ScorePath | AboutPath, ...] = ()


def json_answer(value: object, status: int = 200) -> HttpResponse:
    """A response of JSON."""
    return HttpResponse(status, {"Content-Type": JSON}, orjson.dumps(value))
