"""Which ways of reading ran in a test, and tests in which only some of them may run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from dai_scoring.batch import files
from dai_scoring.batch.plan import TALLY, Plan, Way, plan_for
from dai_scoring.formats import Declined
from dai_scoring.scorer import Scorer


@dataclass
class Counted:
    """What was read since :func:`counted` was entered; known when it is left."""

    taken: Counter[Way] = field(default_factory=Counter)
    """How many pieces of files, or messages, each way has read."""
    declined: Counter[tuple[Way, str]] = field(default_factory=Counter)

    @property
    def ways(self) -> set[Way]:
        return set(self.taken)

    def reasons(self, way: Way) -> set[str]:
        return {reason for one, reason in self.declined if one is way}


@contextmanager
def counted() -> Iterator[Counted]:
    """Count the ways that are taken in this context."""
    taken, declined = TALLY.counts()
    found = Counted()
    yield found
    now_taken, now_declined = TALLY.counts()
    found.taken, found.declined = now_taken - taken, now_declined - declined


@contextmanager
def without(*ways: Way) -> Iterator[None]:
    """Read files and messages in any other way than these."""

    def planned(*given: Any) -> Plan:
        plan = plan_for(*given)
        return replace(plan, ways=tuple(way for way in plan.ways if way not in ways))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "plan_for", planned)
        if Way.ROW_REQUESTS in ways:
            patch.setattr(Scorer, "reads_requests", False)
            patch.setattr(Scorer, "predict_requests", lambda *_: Declined("a test does without"))
        yield


@contextmanager
def by_reader() -> Iterator[None]:
    """Read files by the reader of whole files alone."""
    with without(Way.ENGINE_RECORDS, Way.MODEL_COLUMNS, Way.PIECES):
        yield
