"""The errors of the scoring library, as one tree.

::

    ScoringError
    ├── ModelError                  the model cannot be used at all; scoring does not start
    │   ├── ModelNotFoundError      no file at the path
    │   ├── ModelFormatError        the file is not a model that any runtime here knows, or is damaged
    │   ├── LicenceError            the runtime refuses the model without a (valid) licence
    │   ├── EnvironmentMissingError the Python environment of a scoring pipeline is not there, or cannot be made
    │   ├── RuntimeMissingError     the runtime for this kind of model is not installed
    │   │   ├── PrerequisiteError   this machine lacks a Java, Maven, a package, or room
    │   │   └── FetchError          it cannot be fetched or built
    │   └── UnsupportedError        the model cannot do what the options ask for
    ├── OptionError                 an option has a value that makes no sense, whatever the data
    ├── StorageError                a file that scoring needs cannot be read or written
    ├── InternalError               the code of this library failed
    ├── ExecutionError              the model's own code fails with this input
    │   ├── WorkerFailedError       its process dies or hangs, and so does the next one
    │   └── PipelineError           it raises an error that is not about single rows
    └── InputError                  this input cannot be scored; another one may be
        ├── MissingColumnsError     columns of the model are absent from the records
        ├── ContentError            the bytes are not (valid) records of the format
        ├── RequestError            a client of a server asks for something that does not exist
        ├── UnknownFormatError      neither the options nor the bytes say which format it is
        ├── NameClashError          a column that scoring adds would overwrite one of the input
        ├── MissingIdColumnsError   columns that the records should keep are absent from them
        └── BadRowsError            rows were rejected and the options say that fails the input

Every error has a ``code``: a stable, lower-case word for scripts.
Its text is for people: what was wrong, where, and what to do. It never holds a licence key;
it holds a value of a row only where the caller put it into the rejects itself.

The one who calls this library is not always the one who reads the error: :meth:`ScoringError.text_for` gives the text
for one reader, in the names that this reader has for options. ``str()`` is for the caller of this library.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence

from dai_scoring.option_words import Audience, keys, sentences


class ScoringError(Exception):
    """Base of all errors that this library raises on purpose.

    ``problem`` is what was wrong, for any reader. ``advice`` are sentences on what to do; those that name options, by
    the markers of :mod:`dai_scoring.option_words`, are for who has these options, the others for all.
    """

    code = "scoring_error"
    http_status = 500
    """The status of the response, where the input came over HTTP."""

    to_client: str | None = None
    """The text for a client of a server, instead of the problem, if that is about the server itself."""

    def __init__(
        self,
        problem: str = "",
        option: str | None = None,
        *,
        advice: Sequence[str] = (),
        row: int | None = None,
        column: str | None = None,
        to_client: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        if to_client is not None:
            self.to_client = to_client
        self.advice = tuple(advice)
        self.option = option
        """The option whose value is at fault, by its key, unless the model itself is."""
        self.row = row
        """The first record that is at fault, counted from 1; None if no record is, or it is not known."""
        self.column = column
        """The column that is at fault, the first if there are several; None as above."""

    @property
    def options(self) -> dict[str, str | None]:
        """The options that would help, by their keys, with the names of values to set or None."""
        return keys(self.advice)

    def text_for(self, audience: Audience, has: Callable[[str], bool] | None = None) -> str:
        """The whole text for an audience; ``has`` says which flags the command in question takes."""
        if audience is Audience.CLIENT and self.to_client is not None:
            return self.to_client
        return " ".join([self.problem, *sentences(self.advice, audience, has)])

    def __str__(self) -> str:
        return self.text_for(Audience.PYTHON)


class ModelError(ScoringError):
    """The model cannot be used; no input would help."""

    code = "model_error"
    http_status = 503
    to_client = "the model cannot score now, whatever the records. Try again later, or tell who runs this server."


class ModelNotFoundError(ModelError):
    """There is no file at the model's path."""

    code = "model_not_found"


class ModelFormatError(ModelError):
    """The file is not a model that a runtime here knows, or it is damaged."""

    code = "model_format"


class LicenceError(ModelError):
    """The runtime found no licence that it accepts for this model."""

    code = "licence"


class RuntimeMissingError(ModelError):
    """The runtime that this kind of model needs is not installed, or does not start."""

    code = "runtime_missing"


class PrerequisiteError(RuntimeMissingError):
    """This machine lacks something that has to be installed first, or room for it."""


class FetchError(RuntimeMissingError):
    """What the runtime needs cannot be fetched or built."""


class EnvironmentMissingError(ModelError):
    """The Python environment that a scoring pipeline needs is not there, or cannot be made.

    ``being_made`` is True if it will be there by itself; ``progress`` is the step that is being done then.
    """

    code = "environment_missing"

    def __init__(
        self,
        problem: str = "",
        option: str | None = None,
        *,
        advice: Sequence[str] = (),
        being_made: bool = False,
        progress: str = "",
    ) -> None:
        super().__init__(problem, option, advice=advice)
        self.being_made = being_made
        self.progress = progress


class UnsupportedError(ModelError):
    """The model cannot do what the options ask for, such as contributions."""

    code = "unsupported"
    http_status = 501
    to_client = "the model cannot give what was asked for."


class OptionError(ScoringError):
    """An option's value makes no sense, whatever the data."""

    code = "option"
    to_client = "this server is not set up to score these records. Tell who runs it."


class StorageError(ScoringError):
    """A file that scoring needs cannot be read or written."""

    code = "io"
    to_client = (
        "the server has no room for these records, or cannot read or write them. Try again later, or tell who runs "
        "this server."
    )


class InternalError(ScoringError):
    """The code of this library failed with an unexpected error."""

    code = "internal"
    to_client = "the server itself failed with these records. Tell who runs it; others may be scored."


class ExecutionError(ScoringError):
    """The model's own code fails with this input; another may do."""

    code = "execution"
    to_client = (
        "the model's own code failed with these records. They may be more than it takes at once, or hold a value that "
        "it cannot take: send fewer, and compare them with what the model was trained on."
    )


class WorkerFailedError(ExecutionError):
    """A worker process died or hung with these rows, and so did the next one."""

    code = "worker_failed"


class PipelineError(ExecutionError):
    """The code of a Python scoring pipeline raised an error that is not about single rows."""

    code = "pipeline_error"


class InputError(ScoringError):
    """This input cannot be scored; another may be."""

    code = "input_error"
    http_status = 400


class MissingColumnsError(InputError):
    """Columns that the model wants are absent from the records."""

    code = "missing_columns"

    def __init__(
        self, missing: Sequence[str], present: Sequence[str], wanted: Sequence[str], are_names: bool = False
    ) -> None:
        """``are_names`` is True if ``present`` are names in any case, and not perhaps the values of a row."""
        self.missing = tuple(missing)
        has = f"The records have: {_listed(present)}." if are_names else _has(present, wanted)
        super().__init__(
            f"{len(missing)} column(s) of the model are missing from the records: {', '.join(missing)}. {has}"
            f"{_look_alike(missing, present)}",
            advice=(
                "Rename or add them (names are case-sensitive).",
                "Or set {missing_columns=AS_MISSING}: then their values count as missing.",
            ),
            column=missing[0] if missing else None,
        )


class MissingIdColumnsError(InputError):
    """Columns that the scored records should keep are absent from the records."""

    code = "missing_id_columns"

    def __init__(self, missing: Sequence[str], present: Sequence[str], wanted: Sequence[str]) -> None:
        """``wanted`` are the model's columns."""
        self.missing = tuple(missing)
        super().__init__(
            f"the id column(s) {', '.join(missing)} are not in the records. {_has(present, wanted)}",
            advice=("Add them.", "Or leave them out of {id_columns}."),
            column=missing[0] if missing else None,
        )


def _has(present: Sequence[str], wanted: Sequence[str]) -> str:
    """Which columns records have; ``wanted`` are the model's."""
    known = {_bare(name) for name in wanted}
    found = [name for name in present if _bare(name) in known]
    if present and len(found) * 2 <= len(known):
        # What was taken for names may be the values of a row: only names of the model are shown.
        more = len(present) - len(found)
        if not more:
            return f"The records have only: {_listed(found)}."
        some = f"{_listed(found)} and {more} other column(s)" if found else f"none of them, but {more} other(s)"
        return f"The records have {some}. If they are CSV, does it lack the line with its names?"
    return f"The records have: {_listed(present)}."


def _bare(name: str) -> str:
    """The name without what people do not see: blanks and marks around it, its case, how its letters are composed."""
    return unicodedata.normalize("NFC", name).strip(" \t\r\n\u00a0\u200b\ufeff").casefold()


def _look_alike(missing: Sequence[str], present: Sequence[str]) -> str:
    """A sentence on the first name that only looks like a missing one; empty if there is no such name."""
    alike = {_bare(name): name for name in present}
    for name in missing:
        other = alike.get(_bare(name))
        if other is not None and other.casefold() != name.casefold():
            return f" Blanks and characters that are not seen count: {other!a} is not {name!a}."
    return ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:50]) + (", ..." if len(names) > 50 else "") or "(no columns)"


class ContentError(InputError):
    """The bytes are not valid records of their format; says where they stop being so."""

    code = "malformed_content"


class UnknownFormatError(InputError):
    """Neither the options nor the bytes say which format the records have."""

    code = "unknown_format"


class RequestError(InputError):
    """A client of a server asks for something that does not exist; its records are not the problem."""

    code = "bad_request"


class NameClashError(InputError):
    """A column that scoring adds would have the name of an input column."""

    code = "name_clash"

    def __init__(
        self,
        names: Sequence[str],
        problem: str = "prediction column(s) {names} already exist in the records.",
        advice: Sequence[str] = (
            "Rename them in the records.",
            "Or set a {prediction_prefix}, or choose other {output_columns}.",
        ),
    ) -> None:
        """``problem`` has a place for the names."""
        self.names = tuple(names)
        super().__init__(
            problem.replace("{names}", ", ".join(names)), advice=advice, column=names[0] if names else None
        )


class BadRowsError(InputError):
    """Rows were rejected, and the options say that this fails the whole input."""

    code = "bad_rows"

    def __init__(
        self,
        count: int,
        row: int,
        column: str | None,
        reason: str,
        further: Sequence[str] = (),
        *,
        at_least: bool = False,
    ) -> None:
        """``count`` rows were rejected; the first was ``row``, counted from 1, for ``reason``.

        ``further`` is more advice. ``at_least`` says that there may be more rows, which were not looked at.
        """
        where = f", column {column}" if column else ""
        many = f"at least {count}" if at_least else str(count)
        super().__init__(
            f"{many} row(s) cannot be scored, the first of them row {row}{where} ({reason}).",
            advice=(
                "Fix them.",
                "Or set {bad_rows=REJECT} to score the others.",
                *further,
            ),
            row=row,
            column=column or None,
        )


def _kinds(base: type[ScoringError]) -> Iterator[type[ScoringError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)


HTTP_STATUSES = {kind.code: kind.http_status for kind in _kinds(ScoringError)}
"""The status of each code over HTTP: 400 the input is at fault, 501 or 503 the model, 500 anything else."""
