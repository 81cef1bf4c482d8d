"""A request to score contents, and the options that it may choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import RequestError
from dai_scoring.formats import Format
from dai_scoring.options import BAD_ROWS as BAD_ROWS_OPTION
from dai_scoring.options import OUTPUT_COLUMNS, OUTPUT_FORMAT, BadRows, Option
from dai_scoring.service.h2o_rest import Endpoint

COLUMNS, BAD_ROWS, FORMAT = (str(one.query) for one in (OUTPUT_COLUMNS, BAD_ROWS_OPTION, OUTPUT_FORMAT))
"""The keys of :attr:`Request.choices`."""

_FORMATS = {one.value: one for one in Format}


E_ = TypeVar("E_", bound=Enum)


def _choices(option: Option[E_]) -> Mapping[str, E_]:
    """The values that a client may ask for, by their names in requests."""
    return {one.word: one.value for one in option.values if one.in_requests}


_COLUMNS, _BAD_ROWS = _choices(OUTPUT_COLUMNS), _choices(BAD_ROWS_OPTION)


class Source(Protocol):
    """Contents that are elsewhere, and are written to a file when they are scored."""

    @property
    def size(self) -> int:
        """How many bytes they have, at least approximately."""
        ...

    def write_to(self, path: Path) -> None:
        """Write all of them to a file. Raises OSError or ScoringError; called from any thread.

        Once, but if a source has a true attribute ``writes_again``: then again, for another file, if there was no
        room for the first one or its scores.
        """
        ...


RequestContents: TypeAlias = "bytes | Path | Source"
"""What a request brings: bytes, the path of a file that is only read, or a source of large contents."""


def size_of(contents: RequestContents) -> int:
    """How many bytes contents have; raises OSError for a file that is not there."""
    if isinstance(contents, bytes):
        return len(contents)
    return contents.stat().st_size if isinstance(contents, Path) else contents.size


def writes_again(contents: RequestContents) -> bool:
    """Whether contents can be had more than once. A source that says nothing may be a stream, which ends."""
    return isinstance(contents, bytes | Path) or bool(getattr(contents, "writes_again", False))


@dataclass(slots=True)
class Request:
    """Contents to score. It is not frozen, since one is made for each message, but nothing changes it.

    ``mime_type`` and ``name``, that of a file, help to find out the format. ``endpoint`` is set for a request that
    may be of H2O's dialect. ``keeps_rows`` is for a sender that waits for one answer: rows that cannot be scored
    stay in their place there, where they would be rejected otherwise. ``choices`` are the sender's own, as texts:
    :data:`COLUMNS` (all, predictions), :data:`BAD_ROWS` (fail, keep), :data:`FORMAT` (a format's name). ``options``
    replace those of the service.
    """

    contents: RequestContents
    mime_type: str | None = None
    name: str | None = None
    endpoint: Endpoint | None = None
    keeps_rows: bool = False
    choices: Mapping[str, str] | None = None
    options: FileOptions | None = None


def check(request: Request) -> None:
    """Raise RequestError if a sender that waits for an answer sent only blanks."""
    contents = request.contents
    if request.keeps_rows and isinstance(contents, bytes) and contents.isspace():
        raise RequestError("the body has blanks alone, and no records.")


class RequestOptions:
    """The options of single requests, derived from those of the service.

    Requests that choose the same options get the same object, so they can be grouped by it.
    """

    def __init__(self, options: FileOptions) -> None:
        self.default = options
        self._keeping = _keeping(options)
        self._chosen: dict[tuple[bool, frozenset[tuple[str, str]]], FileOptions] = {}

    def of(self, request: Request) -> FileOptions:
        """The options for a request. Raises RequestError if it chooses a value that does not exist."""
        if request.options is not None:
            options = _keeping(request.options) if request.keeps_rows else request.options
            return _with_choices(options, request.choices or {})
        options = self._keeping if request.keeps_rows else self.default
        if not request.choices:
            return options
        key = request.keeps_rows, frozenset(request.choices.items())
        if key not in self._chosen:
            self._chosen[key] = _with_choices(options, request.choices)
        return self._chosen[key]


def _keeping(options: FileOptions) -> FileOptions:
    return replace(options, bad_rows=BadRows.KEEP) if options.bad_rows is BadRows.REJECT else options


def _with_choices(options: FileOptions, choices: Mapping[str, str]) -> FileOptions:
    if COLUMNS in choices:
        options = replace(options, output_columns=_one_of(COLUMNS, choices[COLUMNS], _COLUMNS))
    if BAD_ROWS in choices:
        options = replace(options, bad_rows=_one_of(BAD_ROWS, choices[BAD_ROWS], _BAD_ROWS))
    if FORMAT in choices:
        options = replace(options, output_format=_one_of(FORMAT, choices[FORMAT], _FORMATS))
    return options


def _one_of(name: str, value: str, known: Mapping[str, E_]) -> E_:
    if value not in known:
        raise RequestError(f"the query parameter {name} is one of {', '.join(known)}.")
    return known[value]
