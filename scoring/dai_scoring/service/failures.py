"""Why a request failed, as data: a code, a text for each reader, the place in the records, a status for HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field

from dai_scoring.errors import InternalError, ModelError, ScoringError, StorageError
from dai_scoring.option_words import Audience
from dai_scoring.service.work_folders import NO_ROOM


@dataclass(frozen=True)
class Failure:
    """An error as data.

    ``row`` counts records from 1; it and ``column`` are None if they are not known. ``status`` is that of an HTTP
    response.
    """

    code: str
    status: int
    row: int | None
    column: str | None
    error: ScoringError = field(repr=False)

    @property
    def client(self) -> str:
        """The text for the sender of the request. It names no option, no path and no value of a record."""
        return self.error.text_for(Audience.CLIENT)

    def text_for(self, audience: Audience) -> str:
        """The text for another reader, in the names that this reader has for options."""
        return self.error.text_for(audience)


def failure_of(error: Exception) -> Failure:
    """The failure of a request that raised this error, whatever it is."""
    known = as_scoring_error(error)
    return Failure(known.code, known.http_status, known.row, known.column, known)


def as_scoring_error(error: Exception) -> ScoringError:
    """The error as one with a code. For an unexpected error the text has only its type."""
    if isinstance(error, ScoringError):
        return error
    if isinstance(error, OSError):
        return _of_storage(error)
    return InternalError(
        f"the scoring code itself failed ({type(error).__name__}).",
        advice=(
            "The log says where, just before this: please report that.",
            "Others of its kind will fail too; the rest is scored.",
        ),
    )


def cannot_score_now(error: Exception) -> ModelError:
    """The error for a request that comes while another error keeps the model from scoring."""
    known = as_scoring_error(error)
    return ModelError(f"the model cannot score now: {known.problem}", advice=known.advice)


def is_unexpected(error: Exception) -> bool:
    """Whether this is an error without a code, whose place has to be logged."""
    return not isinstance(error, ScoringError | OSError)


def _of_storage(error: OSError) -> StorageError:
    where = f" at {error.filename}" if error.filename else ""
    folders = "/dev/shm and the temporary folder of the user that scores"  # noqa: S108 - a place that is named
    if error.errno in NO_ROOM:
        advice = f"Make room in {folders}, then send it again."
    else:
        advice = f"Look at {folders}, where contents lie while they are scored, then send it again."
    return StorageError(f"the machine that scores says '{error.strerror}'{where}.", advice=(advice,))
