"""What Python's garbage collector still goes through while a processor runs."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from dai_scoring_nifi.process.garbage_collection import freeze_living_objects


@pytest.fixture(autouse=True)
def _leave_nothing_frozen() -> Iterator[None]:
    yield
    gc.unfreeze()


class _Node:
    def __init__(self) -> None:
        self.own = self


def test_a_collection_goes_through_what_was_made_since_the_start_only() -> None:
    kept = [_Node() for _ in range(1000)]

    freeze_living_objects()

    assert gc.get_freeze_count() > len(kept)
    assert len(gc.get_objects()) < len(kept)


def test_garbage_of_the_time_before_goes_with_the_next_start() -> None:
    node = _Node()
    gone = weakref.ref(node)
    freeze_living_objects()
    del node
    gc.collect()
    assert gone() is not None, "the collector went through it"

    freeze_living_objects()

    assert gone() is None
