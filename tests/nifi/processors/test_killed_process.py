"""The Python process of a processor is killed, as it happens where memory is short: nothing fails, it scores again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.checkup import deployments
from dai_nifi.checkup.finding import OK, PROBLEM
from dai_nifi.operations.deploy import Deployment, Request, deploy
from dai_nifi.operations.models import processor_state
from dai_nifi.operations.status import status
from dai_nifi.operations.swap import SwapRequest, swap
from dai_nifi.operations.undeploy import undeploy
from tests.support.models import second_model
from tests.support.nifi.batch_flow import Folders, deploy_batch
from tests.support.nifi.http import ROW, Answer, ask
from tests.support.nifi.instance import NiFi
from tests.support.nifi.scorer_process import check_that_a_kill_fails_nothing, kill, process_of, scorer_of
from tests.support.ports import free_port
from tests.support.waiting import until

pytestmark = pytest.mark.nifi

_FILES = 300
_MANY = 400


def exchange_folders(pid: int) -> set[Path]:
    """The folders whose lock a process holds."""
    links = [one.readlink() for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()]
    return {one.parent for one in links if one.name == "lock" and one.parent.name.startswith("dai-scoring-")}


def wait_for_another(processor: Any, killed: int) -> None:
    until(lambda: processor_state.read(processor.id).first("python.process") not in (None, str(killed)))


def model_of(nifi: NiFi, group: str) -> Path:
    """The file of a flow's model, where NiFi keeps it on this machine: in a folder of the flow's parameter context."""
    context = nipyapi.canvas.get_process_group(status(group).id, "id").component.parameter_context.id
    name = until(lambda: processor_state.read(scorer_of(group).id).first("model.file"))
    (found,) = (nifi.running.dir / "assets" / context).rglob(name)
    return Path(found)


def findings() -> dict[str, str]:
    return {one.check: one.state for one in deployments.examine()}


def file_of(rows: list[str], times: int) -> str:
    return "\n".join([rows[0], *rows[1:] * times]) + "\n"


@pytest.fixture(scope="module")
def folders(nifi: NiFi, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    yield deploy_batch("killed", samples / "penguins.mojo", tmp_path_factory.mktemp("killed"))
    undeploy("killed", force=True)


@pytest.mark.parametrize("tasks", [1, 4])
def test_no_flowfile_fails_or_is_lost(folders: Folders, samples: Path, tasks: int) -> None:
    check_that_a_kill_fails_nothing(folders, (samples / "penguins-rows.csv").read_bytes(), tasks, _FILES)


def test_a_batch_in_the_middle_is_scored_again_and_status_and_doctor_tell(folders: Folders, samples: Path) -> None:
    scorer = scorer_of(folders.name)
    rows = (samples / "penguins-rows.csv").read_text().splitlines()
    folders.put("one.csv", file_of(rows, 1))
    once = folders.wait(folders.output / "one.csv").splitlines()
    for number in range(4):
        folders.put(f"large-{number}.csv", file_of(rows, _MANY))
    until(lambda: exchange_folders(process_of(scorer)) and _in_work(scorer))
    held = exchange_folders(process_of(scorer))
    killed = kill(scorer)
    said = until(lambda: (found := status(folders.name)).state == "not scoring" and found)
    assert any("does not score now: its Python process is being restarted" in one for one in said.problems)
    assert said.loaded == []
    until(lambda: status(folders.name).state == "running")
    wait_for_another(scorer, killed)
    assert findings()["flows"] == OK
    for number in range(4):
        found = folders.wait(folders.output / f"large-{number}.csv", 120).splitlines()
        assert found == [once[0], *once[1:] * _MANY]
    assert not list(folders.failed.iterdir())
    assert not [one for one in held if one.exists()]


def _in_work(processor: Any) -> bool:
    found = nipyapi.canvas.get_processor(processor.id, "id")
    return bool(found.status.aggregate_snapshot.active_thread_count)


def test_flowfiles_wait_for_a_model_that_is_not_there_any_more(
    nifi: NiFi, folders: Folders, samples: Path, tmp_path: Path
) -> None:
    scorer = scorer_of(folders.name)
    model = model_of(nifi, folders.name)
    shutil.move(model, tmp_path)
    kill(scorer)
    folders.put("waits.csv", (samples / "penguins-rows.csv").read_bytes())
    until(lambda: any("there is no model file" in one for one in status(folders.name).problems))
    assert findings()["flows"] == PROBLEM
    until(lambda: any("FlowFiles wait in their queue" in one.message for one in status(folders.name).bulletins))
    shutil.move(tmp_path / model.name, model)
    folders.wait(folders.output / "waits.csv", 90)
    assert status(folders.name).state == "running"
    assert not list(folders.failed.iterdir())


def test_killed_while_it_starts(folders: Folders, samples: Path) -> None:
    scorer = scorer_of(folders.name)
    pid = process_of(scorer)
    nipyapi.canvas.schedule_processor(scorer, False)
    revision = nipyapi.canvas.get_processor(scorer.id, "id").revision
    body = nipyapi.nifi.ProcessorRunStatusEntity(revision=revision, state="RUNNING")
    nipyapi.nifi.ProcessorsApi().update_run_status5(body, scorer.id)
    os.kill(pid, signal.SIGKILL)
    folders.put("late.csv", (samples / "penguins-rows.csv").read_bytes())
    folders.wait(folders.output / "late.csv", 90)
    until(lambda: status(folders.name).state == "running")


def children(pid: int) -> set[int]:
    """The processes that a process has started, and that still run."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.add(int(stat.parent.name))
    return found


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_the_process_that_takes_its_place_is_killed_too(
    nifi: NiFi, folders: Folders, samples: Path, seconds: float
) -> None:
    """NiFi itself waits a minute for the answer of a dead process, then its restarts end each other for ever."""
    scorer = scorer_of(folders.name)
    before = children(nifi.running.pid)
    kill(scorer)
    folders.put(f"twice-{seconds}.csv", (samples / "penguins-rows.csv").read_bytes())
    (next_one,) = until(lambda: children(nifi.running.pid) - before)
    time.sleep(seconds)
    os.kill(next_one, signal.SIGKILL)
    folders.wait(folders.output / f"twice-{seconds}.csv", 50)
    until(lambda: status(folders.name).state == "running")
    last = process_of(scorer)
    time.sleep(5)
    assert process_of(scorer) == last
    assert last in children(nifi.running.pid)


@pytest.fixture(scope="module")
def service(nifi: NiFi, samples: Path) -> Iterator[Deployment]:
    port = {"http.port": str(free_port())}
    yield deploy(Request("realtime-http", samples / "penguins.mojo", name="asked", parameters=port))
    undeploy("asked", force=True)


@pytest.fixture
def url(service: Deployment) -> str:
    assert service.endpoint is not None
    return service.endpoint


class Clients:
    """Requests one after the other, several at a time, until it is left."""

    def __init__(self, url: str, clients: int = 4) -> None:
        self._url = url
        self._left = threading.Event()
        self.answers: list[Answer] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def _ask(self) -> None:
        while not self._left.is_set():
            self.answers.append(ask(self._url, json.dumps([ROW]), "application/json"))

    def __enter__(self) -> Clients:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        for one in self._threads:
            one.join()


def test_every_request_is_answered_with_scores_and_readyz_waits_for_them(url: str) -> None:
    scorer = scorer_of("asked")
    with Clients(url) as clients:
        until(lambda: clients.answers)
        killed = kill(scorer)
        # It comes as soon as, and not before, the new process answers.
        ready = ask(url.replace("/score", "/readyz"))
        assert processor_state.read(scorer.id).first("python.process") not in (None, str(killed))
        before = len(clients.answers)
        until(lambda: len(clients.answers) > before + 20)
    assert (ready.status, ready.body) == (200, "Ready")
    assert {(one.status, json.loads(one.body)[0]["predict"]) for one in clients.answers} == {(200, "male")}


def test_without_its_model_readyz_and_requests_get_503_until_it_is_back(nifi: NiFi, url: str, tmp_path: Path) -> None:
    scorer = scorer_of("asked")
    model = model_of(nifi, "asked")
    shutil.move(model, tmp_path)
    kill(scorer)
    for answer in (ask(url.replace("/score", "/readyz")), ask(url, json.dumps([ROW]), "application/json")):
        assert answer.status == 503
        assert "the model cannot score now" in answer.detail
        assert answer.error["code"] == "model_error"
    shutil.move(tmp_path / model.name, model)
    until(lambda: ask(url.replace("/score", "/readyz")).status == 200)
    assert json.loads(ask(url, json.dumps([ROW]), "application/json").body)[0]["predict"] == "male"


def test_a_swap_after_a_kill(url: str, samples: Path, tmp_path: Path) -> None:
    scorer = scorer_of("asked")
    killed = kill(scorer)
    wait_for_another(scorer, killed)
    second = second_model.write(samples / "penguins.mojo", tmp_path / "second.mojo")
    swap(SwapRequest("asked", second))
    assert processor_state.read(scorer.id).first("model.id") == second_model.ID
    assert ask(url, json.dumps([ROW]), "application/json").status == 200


def test_a_request_whose_rows_are_all_rejected_is_answered(url: str, samples: Path) -> None:
    deploy(Request("realtime-http", None, name="asked", parameters={"bad.rows": "route to rejected"}))
    answer = ask(url, json.dumps([{**ROW, "body_mass_g": "heavy"}]), "application/json")
    assert answer.status == 400
    assert "None of the rows can be scored" in answer.detail
    assert (answer.error["code"], answer.error["row"]) == ("bad_rows", 1)
    some = ask(url, json.dumps([{**ROW, "body_mass_g": "heavy"}, ROW]), "application/json")
    assert [(one["predict"], one["_reject_column"]) for one in json.loads(some.body)] == [
        (None, "body_mass_g"),
        ("male", None),
    ]
