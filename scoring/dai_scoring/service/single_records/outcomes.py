"""What becomes of a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from dai_scoring.errors import ScoringError

EMPTY = "no_record"
"""The code of a message without a record."""


@dataclass(slots=True)
class Scored:
    """A record with its predictions, as a JSON object. It is not frozen, since one is made for each record."""

    contents: bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be scored: a code, its column and value if one is at fault, and a sentence if there is one.

    ``value`` has at most 1000 characters.
    """

    code: str
    column: str | None = None
    value: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The record was not scored, and it is not at fault: the same record can be scored later."""

    error: ScoringError = field(repr=False)


Outcome: TypeAlias = "Scored | Rejected | Failed"
