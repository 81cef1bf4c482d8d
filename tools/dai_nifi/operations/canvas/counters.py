"""What the scoring processors have counted, by model: NiFi's counters since it started, over all nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dai_nifi.client import api
from dai_nifi.flows.realtime.comparison import COUNT_AGREEMENT, COUNT_DISAGREEMENT, COUNT_LOST
from dai_nifi_protocol import Counter

_COUNTED = (
    Counter.ROWS_SCORED,
    Counter.ROWS_REJECTED,
    Counter.LEVELS_UNSEEN,
    Counter.FLOWFILES_FAILED,
    Counter.MICROSECONDS,
)
_NAME = re.compile(
    rf"({'|'.join(_COUNTED)}|{Counter.LEVELS_UNSEEN_IN_COLUMN}.*){Counter.OF_MODEL}(.*)",
    re.DOTALL,
)


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
    levels_unseen: int | None = 0
    """The values that are not levels of the model; None if its runtime does not count them (Driverless AI)."""
    unseen: dict[str, int] = field(default_factory=dict)
    """The same by column."""
    name: str | None = None
    """The model's file, where a processor has it loaded."""
    role: str | None = None
    """champion or challenger, in a flow that has both."""


@dataclass(frozen=True)
class Agreement:
    """How often champion and challenger agreed since NiFi started, in rows."""

    agreed: int
    disagreed: int
    not_compared: int
    """Rows that one of them did not score, or that could not be compared."""


def agreement(processors: Iterable[Any]) -> Agreement | None:
    """What a flow's processors have counted; None if it has no challenger, or this user may not see it."""
    names = {f"{one.component.name} ({one.id})": one.component.name for one in processors}
    wanted = (COUNT_AGREEMENT, COUNT_DISAGREEMENT, COUNT_LOST)
    if not set(wanted) <= set(names.values()):
        return None
    known = _all()
    if known is None:
        return None
    sums = dict.fromkeys(wanted, 0)
    for one in known:
        name = names.get(one.context)
        if name in sums and not _NAME.fullmatch(one.name):
            sums[name] += int(one.value_count or 0)
    return Agreement(*(sums[name] for name in wanted))


def _all() -> list[Any] | None:
    found: list[Any] | None = api.if_permitted(
        lambda: api.counters.get_counters().counters.aggregate_snapshot.counters or []
    )
    return found


def counted(processor_ids: Iterable[str]) -> list[ModelCounts]:
    """The counts of some scoring processors together, by model; empty where this user may not see them."""
    known = _all()
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
            counts.get(Counter.ROWS_SCORED, 0),
            counts.get(Counter.ROWS_REJECTED, 0),
            counts.get(Counter.FLOWFILES_FAILED, 0),
            counts.get(Counter.MICROSECONDS, 0) / 1e6,
            counts.get(Counter.LEVELS_UNSEEN, 0),
            {
                name.removeprefix(Counter.LEVELS_UNSEEN_IN_COLUMN): count
                for name, count in counts.items()
                if name.startswith(Counter.LEVELS_UNSEEN_IN_COLUMN)
            },
        )
        for model, counts in sorted(sums.items())
    ]
