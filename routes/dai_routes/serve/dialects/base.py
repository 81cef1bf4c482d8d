"""What a dialect is: its paths, and how it reads a request and writes the answer or an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import orjson

from dai_scoring.batch.options import FileOptions
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
    place = {"detail": failure.client, "code": failure.code, "row": failure.row, "column": failure.column}
    return json_answer(place, failure.status)


@dataclass(frozen=True)
class ScorePath:
    """A path that takes rows by POST; ``read`` raises ScoringError for what is no request of the dialect."""

    path: str
    read: Callable[[HttpRequest, Context], Call]
    refuse: Refuse = failed


@dataclass(frozen=True)
class AboutPath:
    """A path that is asked by GET. One that ``is_open`` needs no key: it tells only whether the server can score."""

    path: str
    answer: Callable[[HttpRequest, Context], HttpResponse]
    is_open: bool = False


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
