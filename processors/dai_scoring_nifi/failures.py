"""Why a FlowFile cannot be scored: for who looks at the canvas, and for a client who waits for the answer."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from dai_scoring.errors import ModelError, ScoringError
from dai_scoring.option_words import Audience
from dai_scoring_nifi.bulletins import on_canvas

IO = "io"
INTERNAL = "internal"


@dataclass(frozen=True)
class Failure:
    """An error by its code. ``message`` is for the canvas; ``client`` names no property and no path of this machine.

    ``row`` counts records from 1; it and ``column`` are None where they are not known.
    """

    code: str
    message: str
    client: str
    row: int | None = None
    column: str | None = None


def failure(error: Exception) -> Failure:
    """What to say of any error that scoring raised."""
    if isinstance(error, ScoringError):
        return Failure(error.code, on_canvas(error), error.told(Audience.CLIENT), error.row, error.column)
    if isinstance(error, OSError):
        return Failure(
            IO,
            _no_file(error),
            "the server has no room for these records, or cannot read or write them. Try again later, or tell who runs "
            "this server.",
        )
    return Failure(
        INTERNAL,
        f"the processor's own code failed ({type(error).__name__}). NiFi's log says where, just before this: please "
        "report that. Others of its kind will fail too; the rest is scored.",
        "the server itself failed with these records. Tell who runs it; others may be scored.",
    )


def not_now(problem: Exception) -> Failure:
    """The model cannot score at all."""
    return Failure(
        ModelError.code, f"the model cannot score now: {on_canvas(problem)}", ModelError().told(Audience.CLIENT)
    )


def _no_file(error: OSError) -> str:
    """What to do about a file that cannot be read or written on NiFi's machine."""
    where = f" at {error.filename}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "Make room in /dev/shm and in the temporary folder of NiFi's user"
    else:
        advice = "Look at /dev/shm and at the temporary folder of NiFi's user, where contents lie while they are scored"
    return f"NiFi's machine says '{error.strerror}'{where}. {advice}, then send the FlowFile again."
