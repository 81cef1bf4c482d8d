"""Python's garbage collector waits while something is loaded, and then looks only at what is new."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from dai_scoring.cli import collector


class _Node:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_what_was_loaded_is_never_looked_at_again() -> None:
    with collector.paused():
        assert not gc.isenabled()
        loaded = [_Node() for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(loaded)
    assert not any(isinstance(one, _Node) for one in gc.get_objects())
    new = _Node()
    assert any(one is new for one in gc.get_objects())


def test_an_error_ends_the_pause() -> None:
    with pytest.raises(ValueError, match="model"), collector.paused():
        raise ValueError("model")
    assert gc.isenabled()


def test_whoever_has_turned_it_off_keeps_it_off() -> None:
    gc.disable()
    with collector.paused():
        pass
    assert not gc.isenabled()
