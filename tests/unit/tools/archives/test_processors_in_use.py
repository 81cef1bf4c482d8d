"""Processors of an archive that was replaced, as NiFi 2.8 leaves them: stopped, and deaf to the first start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from dai_nifi.archives import processors_in_use
from dai_nifi.errors import ToolError
from dai_nifi.operations.canvas import scheduling
from dai_scoring.progress import silent


def processor(identifier: str, state: str, physical: str | None = None, **more: Any) -> Any:
    about = {"validation_status": "VALID", "validation_errors": [], "parent_group_id": "group", **more}
    component = SimpleNamespace(name=f"Score {identifier}", state=state, physical_state=physical, **about)
    return SimpleNamespace(id=identifier, component=component)


class Canvas:
    """Answers as NiFi does; a processor runs after so many starts were asked for."""

    def __init__(self, *there: Any, deaf: int = 0) -> None:
        self.there = there
        self.deaf = deaf
        self.started: list[str] = []

    def of(self, kinds: Sequence[str], version: str) -> list[Any]:
        return list(self.there)

    def schedule(self, group: str, components: Sequence[Any], state: str) -> None:
        for one in components:
            self.started.append(one.id)
            if self.started.count(one.id) > self.deaf:
                one.component.state = state


@pytest.fixture
def canvas(monkeypatch: pytest.MonkeyPatch) -> Callable[[Canvas], Canvas]:
    def use(found: Canvas) -> Canvas:
        monkeypatch.setattr(processors_in_use, "of", found.of)
        monkeypatch.setattr(scheduling, "schedule", found.schedule)
        monkeypatch.setattr(processors_in_use, "_PAUSE", 0.001)
        return found

    return use


def test_those_that_ran_or_were_starting_run_again_and_no_other(canvas: Any) -> None:
    before = [
        processor("ran", "RUNNING", "RUNNING"),
        # Right after NiFi's own start: invalid until its Python is ready, and called stopped.
        processor("starting", "STOPPED", "STARTING", validation_status="INVALID"),
        processor("stopped", "STOPPED", "STOPPED"),
    ]
    found = canvas(Canvas(*(processor(one.id, "STOPPED", "STOPPED") for one in before), deaf=2))
    processors_in_use.restart(before, ["ScoreJavaMojo"], "1", silent)
    assert {one.id for one in found.there if one.component.state == "RUNNING"} == {"ran", "starting"}
    assert sorted(found.started) == ["ran"] * 3 + ["starting"] * 3


def test_what_does_not_run_again_is_said(canvas: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors_in_use, "_RUNNING_SECONDS", 0.05)
    before = [processor("a", "RUNNING")]
    canvas(Canvas(processor("a", "STOPPED", validation_status="INVALID", validation_errors=["'Model File' is gone."])))
    with pytest.raises(ToolError, match=r"do not run now:\n  Score a \(a\): 'Model File' is gone\.\nFix the problem"):
        processors_in_use.restart(before, ["ScoreJavaMojo"], "1", silent)
