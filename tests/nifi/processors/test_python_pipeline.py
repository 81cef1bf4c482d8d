"""ScorePythonPipeline in a real NiFi: deployed as users do it, with workers that die, and pipelines that cannot run."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nipyapi
import pytest

from dai_nifi.archives.install import install
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.status import status
from dai_nifi.operations.swap import SwapRequest, swap
from dai_nifi.operations.undeploy import undeploy
from dai_scoring.batch.files import score_file
from dai_scoring.model_file import sha256
from dai_scoring.scorer import Scorer
from tests.support.nifi.batch_flow import Folders, deploy_batch
from tests.support.nifi.canvas import Canvas
from tests.support.nifi.instance import NiFi
from tests.support.nifi.scorer_process import check_that_a_kill_fails_nothing, workers
from tests.support.pipeline import build as pipelines
from tests.support.ports import free_port
from tests.support.project import quiet
from tests.support.waiting import until

pytestmark = pytest.mark.nifi


@pytest.fixture(scope="module", autouse=True)
def processor(nifi: NiFi, python_nar: Path) -> None:
    install(python_nar, quiet)


@pytest.fixture(scope="module")
def folders(
    processor: None, pipeline_scorer: Scorer, pipeline: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Folders]:
    # The scorer's fixture has made the environment already.
    made = deploy_batch(
        "python-batch", pipeline, tmp_path_factory.mktemp("python"), None, {"python.command": sys.executable}
    )
    yield made
    pids = workers()
    undeploy(made.name, force=True)
    # Once NiFi no longer asks whether the processor is valid.
    until(lambda: not workers() & pids, 120)


def rows(samples: Path) -> list[str]:
    return (samples / "penguins-rows.csv").read_text().splitlines()


def test_a_file_is_scored_as_outside_nifi(
    folders: Folders, pipeline_scorer: Scorer, samples: Path, tmp_path: Path
) -> None:
    score_file(pipeline_scorer, samples / "penguins-rows.csv", tmp_path / "out", tmp_path / "rejected")
    folders.put("rows.csv", (samples / "penguins-rows.csv").read_bytes())
    assert folders.wait(folders.output / "rows.csv") == (tmp_path / "out").read_bytes()


def test_a_row_that_the_pipeline_refuses_and_one_that_kills_it(folders: Folders, samples: Path) -> None:
    header, *lines = rows(samples)
    trap = lines[3].replace(lines[3].split(",")[3], "TRAP raise")
    folders.put("refused.csv", "\n".join([header, *lines[:3], trap, *lines[4:10]]) + "\n")
    (rejected,) = csv.DictReader(io.StringIO(folders.wait(folders.rejected / "refused.csv").decode()))
    assert rejected["_reject_code"] == "refused_by_model"
    assert rejected["_reject_value"] == "ValueError: this island is not on the map"
    assert len(folders.wait(folders.output / "refused.csv").splitlines()) == 10
    fatal = "\n".join([header, lines[0], trap.replace("raise", "exit")]) + "\n"
    folders.put("fatal.csv", fatal)
    assert "ended by itself with the exit code 7" in folders.error("fatal.csv")["message"]
    assert folders.wait(folders.failed / "fatal.csv").decode() == fatal


def test_a_worker_killed_in_the_middle_of_a_hundred_flowfiles(folders: Folders, samples: Path) -> None:
    header, *lines = rows(samples)
    for number in range(100):
        folders.put(f"part-{number}.csv", "\n".join([header, *lines[number : number + 150]]) + "\n")
        if number == 50:
            for pid in workers():
                os.kill(pid, signal.SIGKILL)
    for number in range(100):
        out = list(csv.DictReader(io.StringIO(folders.wait(folders.output / f"part-{number}.csv").decode())))
        wanted = [line.split(",")[1] for line in lines[number : number + 150]]
        assert [row["individual_id"] for row in out] == wanted
    assert list(folders.failed.glob("part-*")) == []


def test_the_process_that_has_the_workers_is_killed(folders: Folders, samples: Path) -> None:
    before = workers()
    check_that_a_kill_fails_nothing(folders, (samples / "penguins-rows.csv").read_bytes(), 2, 100)
    until(lambda: not workers() & before)


def test_another_pipeline_takes_over_once_its_environment_is_there(
    folders: Folders, samples: Path, tmp_path: Path
) -> None:
    """Whether pip has to make the environment first, or an earlier run has left it."""
    other = pipelines.scorer_zip(samples, tmp_path / "scorer.zip", notes=b"the same model, released again")
    said: list[str] = []

    def progress(what: str, share: float | None = None) -> None:
        said.append(what)

    def failures() -> int:
        return sum(count.flowfiles_failed for count in status(folders.name).counts)

    header, *lines = rows(samples)
    before = failures()
    done = swap(SwapRequest(folders.name, other, locally=None), progress)
    assert (done.action, done.running) == ("swapped", True)
    assert said.index("loading the model in NiFi while the present one scores") < said.index("changing models")
    folders.put("swapped.csv", "\n".join([header, *lines[:20]]) + "\n")
    assert len(folders.wait(folders.output / "swapped.csv").splitlines()) == 21
    assert {one.sha256 for one in status(folders.name).loaded} == {sha256(other)}
    assert failures() == before


def test_requests_are_answered(pipeline_scorer: Scorer, pipeline: Path) -> None:
    port = free_port()
    parameters = {"http.port": str(port), "python.command": sys.executable}
    done = deploy(Request("realtime-http", pipeline, name="python-http", parameters=parameters))
    try:
        assert done.runtime == "python"
        row = {
            "species": "Adelie",
            "island": "Dream",
            "bill_length_mm": 39.1,
            "bill_depth_mm": 18.7,
            "flipper_length_mm": 181,
            "body_mass_g": 3750,
        }
        request = urllib.request.Request(
            str(done.endpoint), json.dumps([row]).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            (scored,) = json.load(response)
        assert set(scored) - set(row) == {"sex.female", "sex.male"}
        assert scored["sex.female"] + scored["sex.male"] == pytest.approx(1)
    finally:
        undeploy("python-http", force=True)


def test_what_a_pipeline_that_cannot_run_says_before_it_starts(
    nifi: NiFi, samples: Path, tmp_path: Path, pipeline: Path
) -> None:
    canvas = Canvas()
    (tmp_path / "wheels").mkdir()
    other = pipelines.scorer_zip(samples, tmp_path / "scorer.zip", "no-such-package-anywhere==9.9")
    base: dict[str, str | None] = {"Python Command": sys.executable, "Environment Folder": str(tmp_path / "made")}
    try:
        offline = canvas.processor(
            "ScorePythonPipeline", {**base, "Scoring Pipeline": str(other), "Wheel Folder": str(tmp_path / "wheels")}
        )

        def errors() -> str:
            return " ".join(nipyapi.canvas.get_processor(offline.id, "id").component.validation_errors or [])

        until(lambda: "is being made; this takes minutes" in errors() or "cannot be made" in errors())
        until(lambda: "the environment cannot be made: there is no package" in errors(), 90)
        absent = canvas.processor(
            "ScorePythonPipeline", {**base, "Scoring Pipeline": str(pipeline), "Python Command": "python9"}
        )
        assert "there is no Python at 'python9'" in canvas.validation(absent)[1][0]
    finally:
        canvas.remove()
