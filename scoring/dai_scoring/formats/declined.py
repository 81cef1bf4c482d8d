"""How a quick way of reading says that something has to be read another way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Declined:
    """Returned by a way of reading in place of its result.

    ``reason`` is one of few sentences without a value of a record, so that it can be logged and counted.
    """

    reason: str
