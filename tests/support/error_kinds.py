"""The kinds of errors of the library."""

from __future__ import annotations

from collections.abc import Iterator

from dai_scoring.errors import ScoringError

# No error is only that: each that is raised is of a kind below it.
ABSTRACT = {"scoring_error", "input_error"}


def kinds(base: type[ScoringError]) -> Iterator[type[ScoringError]]:
    """This kind and all below it; not those that a server has for itself."""
    yield base
    for kind in base.__subclasses__():
        if kind.__module__.startswith("dai_scoring."):
            yield from kinds(kind)
