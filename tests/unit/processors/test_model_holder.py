"""How long a processor's model stays loaded."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.batch.options import FileOptions
from dai_scoring.models import Runtime
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring_nifi.models import model_holder
from dai_scoring_nifi.models.model_holder import ModelHolder
from dai_scoring_nifi.settings import Settings
from tests.support.engines import Sum
from tests.support.files.file_scoring import closed
from tests.support.waiting import until


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Scorer]:
    """The models that a holder has opened. It keeps them unused until :func:`time_passes`."""
    monkeypatch.setattr(model_holder, "_CHECK_SECONDS", 0.02)
    return []


@pytest.fixture
def time_passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From then on a model may be unused for a short time only."""
    return lambda: monkeypatch.setattr(model_holder, "_UNUSED_SECONDS", 0.1)


def holder(opened: list[Scorer]) -> ModelHolder:
    def opener(*_: Any) -> Scorer:
        opened.append(Scorer(Sum()))
        return opened[-1]

    return ModelHolder(lambda line: None, opener)


def settings(folder: Path, name: str = "a.mojo") -> Settings:
    (folder / name).write_bytes(b"model")
    return Settings(folder / name, RuntimeSettings(), FileOptions())


def test_a_model_that_nobody_asks_for_is_let_go(
    opened: list[Scorer], time_passes: Callable[[], None], tmp_path: Path
) -> None:
    held, wanted = holder(opened), settings(tmp_path)
    first = held.get(wanted, Runtime.JAVA)
    assert held.get(wanted, Runtime.JAVA) is first
    time_passes()
    until(lambda: closed(first))
    assert held.get(wanted, Runtime.JAVA) is not first


def test_the_model_of_a_running_processor_is_kept(
    opened: list[Scorer], time_passes: Callable[[], None], tmp_path: Path
) -> None:
    held = holder(opened)
    scorer = held.get(settings(tmp_path), Runtime.JAVA)
    held.set_running(True)
    time_passes()
    time.sleep(0.5)
    assert not closed(scorer)
    held.set_running(False)
    until(lambda: closed(scorer))


def test_another_file_at_the_path_is_loaded_anew(opened: list[Scorer], tmp_path: Path) -> None:
    held, wanted = holder(opened), settings(tmp_path)
    first = held.get(wanted, Runtime.JAVA)
    wanted.model.write_bytes(b"another model")
    assert held.get(wanted, Runtime.JAVA) is not first
    until(lambda: closed(first))


def test_a_model_that_was_loaded_beside_is_there_at_once(opened: list[Scorer], tmp_path: Path) -> None:
    held = holder(opened)
    held.set_running(True)
    first = held.get(settings(tmp_path), Runtime.JAVA)
    next_one = settings(tmp_path, "b.mojo")
    spare = held.prepare(next_one, Runtime.JAVA)
    assert held.prepare(next_one, Runtime.JAVA) is spare
    assert not closed(first)
    assert held.get(next_one, Runtime.JAVA) is spare
    assert opened == [first, spare]
    until(lambda: closed(first))
    held.drop_next()
    assert not closed(spare)


def test_a_next_model_that_nobody_asks_for_is_closed(
    opened: list[Scorer], time_passes: Callable[[], None], tmp_path: Path
) -> None:
    held = holder(opened)
    held.set_running(True)
    scorer = held.get(settings(tmp_path), Runtime.JAVA)
    dropped = held.prepare(settings(tmp_path, "b.mojo"), Runtime.JAVA)
    held.drop_next()
    assert closed(dropped)
    assert not closed(scorer)
    forgotten = held.prepare(settings(tmp_path, "c.mojo"), Runtime.JAVA)
    time_passes()
    held.set_running(False)
    until(lambda: closed(scorer) and closed(forgotten))
