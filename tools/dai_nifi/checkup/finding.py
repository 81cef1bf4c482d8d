"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass

OK, PROBLEM, UNKNOWN = "ok", "problem", "unknown"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked; ``state`` is ok, problem, or unknown if it cannot be seen from here."""

    check: str
    state: str
    says: str
    fix: str | None = None
    """What to do, for a problem; how to find out, for something unknown."""
