"""What the scoring processors have counted, by model, as NiFi keeps it: since it started, over all nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import nipyapi

from dai_nifi.flows.rest import if_permitted

# As processors/java/nifi has them, in Counters.java.
_NAME = re.compile(r"(rows scored|rows rejected|FlowFiles failed|microseconds scoring), model (.*)", re.DOTALL)


@dataclass(frozen=True)
class ModelCounts:
    """What was scored with one model since NiFi started, or since somebody reset its counters."""

    model: str
    """The model's id."""
    rows_scored: int
    rows_rejected: int
    flowfiles_failed: int
    seconds: float
    """The time that scoring took, with reading and writing, added up over threads."""


def counted(processor_ids: Iterable[str]) -> list[ModelCounts]:
    """The counts of some scoring processors together, by model; empty where this user may not see them."""
    known = if_permitted(lambda: nipyapi.nifi.CountersApi().get_counters().counters.aggregate_snapshot.counters)
    ids = tuple(f"({one})" for one in processor_ids)
    sums: dict[str, dict[str, int]] = {}
    for one in known or []:
        named = _NAME.fullmatch(one.name)
        if named is not None and one.context.endswith(ids):
            of_model = sums.setdefault(named[2], {})
            of_model[named[1]] = of_model.get(named[1], 0) + int(one.value_count or 0)
    return [
        ModelCounts(
            model,
            counts.get("rows scored", 0),
            counts.get("rows rejected", 0),
            counts.get("FlowFiles failed", 0),
            counts.get("microseconds scoring", 0) / 1e6,
        )
        for model, counts in sorted(sums.items())
    ]
