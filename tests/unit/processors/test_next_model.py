"""What a running processor does when it is told of its next model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dai_nifi.operations.models.processor_state import ProcessorState
from dai_nifi_protocol import NEXT_MODEL_FILE, YES, Code, Counter, State, find_code, not_scoring
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import LicenceError
from dai_scoring.models import Runtime
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring_nifi.models import next_model
from dai_scoring_nifi.models.model_holder import ModelHolder
from dai_scoring_nifi.models.next_model import NextModelLoader
from dai_scoring_nifi.models.pipeline_environments import being_made
from dai_scoring_nifi.reporting.error_text import with_code
from dai_scoring_nifi.settings import Settings
from tests.support.engines import Sum
from tests.support.files.file_scoring import closed
from tests.support.project import ROOT
from tests.support.waiting import until


@dataclass
class Watched:
    """A successor that watches beside a model, and what it tells."""

    folder: Path
    models: ModelHolder
    told: list[dict[str, str]] = field(default_factory=list)

    def say(self, word: Any) -> None:
        (self.folder / "part").write_text(json.dumps(word))
        (self.folder / "part").rename(self.folder / NEXT_MODEL_FILE)

    def wait(self, **said: str) -> dict[str, str]:
        wanted = {name.replace("_", "."): value for name, value in said.items()}
        until(lambda: wanted.items() <= self.told[-1].items())
        return self.told[-1]


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(next_model, "_CHECK_SECONDS", 0.02)

    def opener(model: Path, *_: Any) -> Scorer:
        if model.name == "locked.mojo":
            raise LicenceError("no licence")
        return Scorer(Sum())

    for name in ("now.mojo", "next.mojo", "locked.mojo"):
        (tmp_path / name).write_bytes(b"model")
    found = Watched(tmp_path, ModelHolder(lambda line: None, opener))
    settings = Settings(tmp_path / "now.mojo", RuntimeSettings(), FileOptions())
    scorer = found.models.get(settings, Runtime.JAVA)
    found.models.set_running(True)
    watcher = NextModelLoader(found.models)
    watcher.watch(settings, Runtime.JAVA, scorer.info, lambda values: found.told.append(dict(values)))
    yield found
    watcher.stop()


def test_the_model_that_scores_is_told(watched: Watched) -> None:
    (said,) = watched.told
    assert said.pop("python").startswith("3.")
    assert said.pop("python.process") == str(os.getpid())
    assert said == {
        "scores": "yes",
        "model.id": "sum",
        "model.sha256": "0" * 64,
        "model.file": "now.mojo",
        "model.kind": "test",
        "runtime": "python 1",
    }


def test_dai_nifi_reads_why_a_processor_cannot_score() -> None:
    said = not_scoring("the licence\nhas ended")
    assert ProcessorState([said, said]).problems() == ["the licence has ended"]
    assert ProcessorState([{State.SCORES: YES}]).problems() == []


def test_a_next_model_is_loaded_and_dropped_with_its_request(watched: Watched) -> None:
    watched.say({"model": "next.mojo", "try_row": True, "request": "w"})
    said = watched.wait(next_state="ready", next_request="w")
    assert (said["next.file"], said["next.sha256"], said["model.file"]) == ("next.mojo", "0" * 64, "now.mojo")
    spare = watched.models.prepare(
        Settings(watched.folder / "next.mojo", RuntimeSettings(), FileOptions()), Runtime.JAVA
    )
    (watched.folder / NEXT_MODEL_FILE).unlink()
    until(lambda: "next.state" not in watched.told[-1])
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
def test_one_that_cannot_be_loaded_is_refused_and_the_next_request_is_read(
    watched: Watched, word: Any, says: str
) -> None:
    watched.say(word)
    assert says in watched.wait(next_state="refused")["next.problem"]
    watched.say({"model": "next.mojo"})
    watched.wait(next_state="ready")


def test_what_is_to_take_the_place_of_another_model_is_not_loaded(watched: Watched) -> None:
    told = len(watched.told)
    watched.say({"model": "locked.mojo", "replaces": "other.mojo"})
    until(lambda: len(watched.told) > told)
    assert "next.state" not in watched.told[-1]
    watched.say({"model": "next.mojo", "replaces": "now.mojo"})
    watched.wait(next_state="ready")


def test_the_step_of_an_environment_that_is_being_made_is_data() -> None:
    error = being_made("Collecting fastavro[codecs]", "scorer.zip")
    message = f"'Scoring Pipeline' validated against '/models/scorer.zip' is invalid because {with_code(error)}"
    assert find_code(message) == (Code.ENVIRONMENT_BEING_MADE, "Collecting fastavro(codecs)")
    assert find_code(with_code(LicenceError("it has ended"))) == (Code.LICENCE, "")
    assert find_code("'Model File' is invalid because [it] is not a model") is None


def test_the_counters_of_the_java_helper_are_those_that_dai_nifi_reads() -> None:
    java = (ROOT / "processors/java/src/main/java/daiscoring/nifi/Counters.java").read_text(encoding="utf-8")
    names = [value for name, value in vars(Counter).items() if name.isupper()]
    assert [one for one in names if f'"{one}"' not in java] == []
    assert len(names) == 7
