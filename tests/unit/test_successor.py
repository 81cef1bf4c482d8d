"""What a running processor does when it is told of its next model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dai_nifi.operations.models import scoring_processors, switch
from dai_scoring.errors import LicenceError
from dai_scoring.files import FileOptions
from dai_scoring.models import Runtime
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring_nifi import successor
from dai_scoring_nifi.model import ModelHolder
from dai_scoring_nifi.settings import Settings
from dai_scoring_nifi.state_words import SCORES, YES, not_scoring
from dai_scoring_nifi.successor import WORD, Successor
from tests.unit.test_files import Sum
from tests.unit.test_model_holder import closed, wait_until


@dataclass
class Watched:
    """A successor that watches beside a model, and what it tells."""

    folder: Path
    models: ModelHolder
    told: list[dict[str, str]] = field(default_factory=list)

    def say(self, word: Any) -> None:
        (self.folder / "part").write_text(json.dumps(word))
        (self.folder / "part").rename(self.folder / WORD)

    def wait(self, **said: str) -> dict[str, str]:
        wanted = {name.replace("_", "."): value for name, value in said.items()}
        wait_until(lambda: wanted.items() <= self.told[-1].items())
        return self.told[-1]


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(successor, "_LOOK_SECONDS", 0.02)

    def opener(model: Path, *_: Any) -> Scorer:
        if model.name == "locked.mojo":
            raise LicenceError("no licence")
        return Scorer(Sum())

    for name in ("now.mojo", "next.mojo", "locked.mojo"):
        (tmp_path / name).write_bytes(b"model")
    found = Watched(tmp_path, ModelHolder(lambda line: None, opener))
    settings = Settings(tmp_path / "now.mojo", RuntimeSettings(), FileOptions())
    scorer = found.models.get(settings, Runtime.JAVA)
    found.models.running(True)
    watcher = Successor(found.models)
    watcher.watch(settings, Runtime.JAVA, scorer.info, lambda values: found.told.append(dict(values)))
    yield found
    watcher.rest()


def test_the_model_that_scores_is_told(watched: Watched) -> None:
    (said,) = watched.told
    assert said.pop("python").startswith("3.")
    assert said.pop("python.process") == str(os.getpid())
    assert said == {
        "scores": "yes",
        "model.id": "sum",
        "model.sha256": "0" * 64,
        "model.file": "now.mojo",
        "runtime": "python 1",
    }


def test_the_tool_knows_the_words_of_a_processor_that_cannot_score() -> None:
    said = not_scoring("the licence\nhas ended")
    assert scoring_processors.Told([said, said]).problems() == ["the licence has ended"]
    assert scoring_processors.Told([{SCORES: YES}]).problems() == []


def test_a_next_model_is_loaded_and_dropped_with_its_word(watched: Watched) -> None:
    watched.say({"model": "next.mojo", "try": True, "word": "w"})
    said = watched.wait(next_state="ready", next_word="w")
    assert (said["next.file"], said["next.sha256"], said["model.file"]) == ("next.mojo", "0" * 64, "now.mojo")
    spare = watched.models.prepare(
        Settings(watched.folder / "next.mojo", RuntimeSettings(), FileOptions()), Runtime.JAVA
    )
    (watched.folder / WORD).unlink()
    wait_until(lambda: "next.state" not in watched.told[-1])
    assert closed(spare)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ({"model": "locked.mojo"}, "no licence"),
        ({"model": "absent.mojo"}, "there is no model file at"),
        ({"model": "../now.mojo"}, "must be in the folder of the present one"),
        (["next.mojo"], "cannot be read"),
    ],
)
def test_one_that_cannot_be_loaded_is_refused_and_the_next_word_is_heard(
    watched: Watched, word: Any, says: str
) -> None:
    watched.say(word)
    assert says in watched.wait(next_state="refused")["next.problem"]
    watched.say({"model": "next.mojo"})
    watched.wait(next_state="ready")


def test_what_is_to_take_the_place_of_another_model_is_not_loaded(watched: Watched) -> None:
    told = len(watched.told)
    watched.say({"model": "locked.mojo", "beside": "other.mojo"})
    wait_until(lambda: len(watched.told) > told)
    assert "next.state" not in watched.told[-1]
    watched.say({"model": "next.mojo", "beside": "now.mojo"})
    watched.wait(next_state="ready")


def test_the_tool_and_the_processor_mean_the_same_file() -> None:
    assert switch.WORD == WORD
