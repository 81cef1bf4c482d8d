"""Two commands at once, and commands that are killed or interrupted, in a real NiFi: what is said and what is next."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.checkup import deployments
from dai_nifi.errors import BusyError, NotFoundError
from dai_nifi.operations.canvas import deployed, parameter_context
from dai_nifi.operations.changes import lease, lease_store
from dai_nifi.operations.changes.journal import DRY_RUN
from dai_nifi.operations.deploy import Deployment, Request, deploy
from dai_nifi.operations.status import status
from dai_nifi.operations.swap import SwapRequest, swap
from dai_nifi.operations.undeploy import undeploy
from dai_scoring.progress import silent
from tests.support.models import second_model
from tests.support.models.second_model import SAMPLE_ID
from tests.support.nifi.canvas import assets
from tests.support.nifi.commands import COMMAND, interrupted, look, run
from tests.support.nifi.http import model_that_scores
from tests.support.nifi.instance import NiFi
from tests.support.ports import free_port

pytestmark = pytest.mark.nifi

NAME = "watched-over"
RUN_KILLED = """
import os, signal, sys
from dai_nifi.operations.canvas import parameter_context, validity
from dai_nifi.operations.models import scoring_processors
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
places = {
    "before": (parameter_context, "set_model"),
    "after": (scoring_processors.ScoringProcessors, "start"),
    "dry run": (validity, "wait_until_valid"),
}
owner, function = places[sys.argv.pop(1)]
setattr(owner, function, die)
from dai_nifi.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def first(samples: Path) -> Path:
    return samples / "penguins.mojo"


@pytest.fixture(scope="module")
def second(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return second_model.write(samples / "penguins.mojo", tmp_path_factory.mktemp("second") / "second.mojo")


@pytest.fixture(scope="module")
def deployment(nifi: NiFi, first: Path) -> Iterator[Deployment]:
    yield deploy(Request("realtime-http", first, name=NAME, parameters={"http.port": str(free_port())}))
    undeploy(NAME, force=True)


@pytest.fixture
def service(deployment: Deployment, first: Path) -> str:
    """The endpoint of a flow that scores with the first model."""
    deploy(Request("realtime-http", first, name=NAME))
    assert deployment.endpoint is not None
    assert model_that_scores(deployment.endpoint) == SAMPLE_ID
    return deployment.endpoint


def contexts() -> set[str]:
    return {one.component.name for one in nipyapi.parameters.list_all_parameter_contexts()}


def killed(nifi: NiFi, moment: str, *arguments: str | Path) -> None:
    """Run a command that is killed, as by kill -9, before or after it has changed the parameter."""
    command = [sys.executable, "-c", RUN_KILLED, moment, *map(str, arguments), "--url", nifi.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_what_a_killed_dry_run_leaves_is_told_and_the_next_one_removes_it(nifi: NiFi, first: Path) -> None:
    flow = ("deploy", "realtime-http", "--name", "tried", "--model", first, "--dry-run")
    with lease.hold("tried (trial 00000000 of deploy --dry-run)", DRY_RUN, silent):
        killed(nifi, "dry run", *flow, "--param", f"http.port={free_port()}")
        trial = re.compile(r"(dai )?tried \(trial (?!0{8})\w{8} of deploy --dry-run\)( \(change under way\))?")
        groups = {one.component.name for one in nipyapi.canvas.list_all_process_groups()}
        left = [one for one in sorted(contexts() | groups) if trial.fullmatch(one)]
        assert len(left) == 3
        (finding,) = (one for one in deployments.examine() if one.check == "changes")
        assert "was cut off" in finding.says
        assert "The next dai-nifi deploy of the same flow" in str(finding.fix)
        assert run(*flow, "--param", f"http.port={free_port()}", "--url", nifi.url).returncode == 0
        groups = {one.component.name for one in nipyapi.canvas.list_all_process_groups()}
        # That of a command which lives is left alone.
        assert {one for one in contexts() | groups if "tried" in one} == {
            "dai tried (trial 00000000 of deploy --dry-run) (change under way)"
        }


def test_every_command_that_changes_something_is_refused_while_another_does(
    nifi: NiFi, service: str, second: Path
) -> None:
    flow = ("realtime-http", "--name", NAME, "--model", second)
    commands: list[tuple[str | Path, ...]] = [
        ("swap", NAME, "--model", second),
        ("rollback", NAME),
        ("deploy", *flow),
        ("start", NAME),
        ("stop", NAME),
        ("undeploy", NAME, "--force"),
    ]
    with lease.hold(NAME, "swap", silent):
        for command in commands:
            done = run(*command, "--json", "--url", nifi.url)
            error = json.loads(done.stdout)["error"]
            assert (done.returncode, error["code"]) == (11, "busy"), done.stderr
            assert f"a swap of {NAME} is under way, by " in error["message"]
        found = status(NAME).under_way
        assert found is not None
        assert (found.verb, found.cut_off) == ("swap", False)
        assert f"A swap of {NAME} is under way" in look("status", NAME, "--url", nifi.url).stdout
        # To look is no change.
        assert run("swap", NAME, "--model", second, "--dry-run", "--url", nifi.url).returncode == 0
        assert run("deploy", *flow, "--dry-run", "--url", nifi.url).returncode == 0
    assert model_that_scores(service) == SAMPLE_ID
    assert status(NAME).under_way is None


def test_of_two_swaps_at_once_one_is_done_and_the_other_refused(
    nifi: NiFi, service: str, second: Path, first: Path
) -> None:
    command = [*COMMAND, "swap", NAME, "--model", str(second), "--url", nifi.url]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [one.communicate(timeout=120)[1] for one in both]
    assert sorted(one.returncode for one in both) == [0, 11], told
    assert model_that_scores(service) == second_model.ID


def test_a_command_elsewhere_is_given_up_when_nothing_is_heard_of_it(
    service: str, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lease_store, "machine", lambda: "elsewhere")
        holder = lease.hold(NAME, "deploy", silent)
        held = holder.__enter__()
    with pytest.raises(BusyError, match="is under way"):
        swap(SwapRequest(NAME, second))
    now = lease_store.now

    def later() -> datetime:
        return now() + timedelta(seconds=lease_store.SILENT_SECONDS + 5)

    with monkeypatch.context() as patch:
        patch.setattr(lease_store, "now", later)
        found = status(NAME).under_way
        assert found is not None
        assert found.cut_off
        with lease.hold(NAME, "deploy", silent) as taken:
            assert taken.unfinished == found
            # The first comes to life again, and must not go on.
            with pytest.raises(BusyError, match="has taken over"):
                held.begin(["any"], "model", "old", "new")
            taken.complete()
    holder.__exit__(None, None, None)
    assert status(NAME).under_way is None
    assert swap(SwapRequest(NAME, second)).action == "swapped"


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("then", ["rollback", "swap", "start", "deploy"])
def test_after_a_kill_amid_a_swap_the_next_command_goes_on(
    nifi: NiFi, service: str, first: Path, second: Path, moment: str, then: str
) -> None:
    killed(nifi, moment, "swap", NAME, "--model", second)
    found = status(NAME)
    assert found.state == "partly running"
    assert found.under_way is not None
    assert (found.under_way.cut_off, found.under_way.of) == (True, "model")
    shown = look("status", NAME, "--url", nifi.url).stdout
    assert "was cut off" in shown
    assert f"dai-nifi rollback {NAME} goes back to penguins-" in shown
    told = json.loads(look("doctor", "--json", "--url", nifi.url).stdout)["findings"]
    (changes,) = [one for one in told if one["check"] == "changes"]
    assert changes["state"] == "problem"
    assert f"dai-nifi rollback {NAME}" in changes["fix"]
    arguments = {
        "rollback": (),
        "swap": ("--model", second),
        "start": (),
        "deploy": ("--name", NAME),
    }[then]
    done = run(then, "realtime-http" if then == "deploy" else NAME, *arguments, "--url", nifi.url)
    assert done.returncode == 0, done.stderr
    assert "going on after this: a swap of" in done.stderr
    to_second = then == "swap" or (then != "rollback" and moment == "after")
    assert model_that_scores(service) == (second_model.ID if to_second else SAMPLE_ID)
    assert (status(NAME).state, status(NAME).under_way) == ("running", None)
    assert not any(name.endswith("(change under way)") for name in contexts())


def test_a_flow_that_was_renamed_after_a_kill_is_left_alone(nifi: NiFi, service: str, second: Path) -> None:
    killed(nifi, "after", "swap", NAME, "--model", second)
    group = nipyapi.nifi.ProcessGroupsApi().get_process_group(deployed.find(NAME).id)
    rename(group, "somebody's")
    told = json.loads(look("doctor", "--json", "--url", nifi.url).stdout)["findings"]
    (changes,) = [one for one in told if one["check"] == "changes"]
    assert "rename it back" in changes["fix"]
    before = context_of(group)
    for arguments in (("undeploy", NAME), ("deploy", "realtime-http", "--name", NAME, "--model", second)):
        done = run(*arguments, "--url", nifi.url)
        assert done.returncode == 8, done.stderr
        assert '"somebody\'s", which was renamed' in done.stderr
    assert context_of(group) == before
    rename(group, NAME)
    assert run("rollback", NAME, "--url", nifi.url).returncode == 0
    assert model_that_scores(service) == SAMPLE_ID


def rename(group: Any, name: str) -> None:
    fresh = nipyapi.nifi.ProcessGroupsApi().get_process_group(group.id)
    nipyapi.nifi.ProcessGroupsApi().update_process_group(
        id=group.id, body={"revision": fresh.revision, "component": {"id": group.id, "name": name}}
    )


def context_of(group: Any) -> dict[str, str | None]:
    return parameter_context.read(group.component.parameter_context.id).values


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_rollback_that_was_killed_is_finished_by_the_next(
    nifi: NiFi, service: str, second: Path, moment: str
) -> None:
    swap(SwapRequest(NAME, second))
    killed(nifi, moment, "rollback", NAME)
    done = run("rollback", NAME, "--url", nifi.url)
    assert done.returncode == 0, done.stderr
    assert model_that_scores(service) == SAMPLE_ID


def test_a_command_that_is_refused_leaves_what_was_cut_off_for_the_next(
    nifi: NiFi, service: str, second: Path, tmp_path: Path
) -> None:
    killed(nifi, "after", "swap", NAME, "--model", second)
    text = tmp_path / "model.mojo"
    text.write_text("hello")
    for command in (("swap", NAME), ("deploy", "realtime-http", "--name", NAME)):
        assert run(*command, "--model", text, "--url", nifi.url).returncode == 7
        found = status(NAME).under_way
        assert found is not None
        assert (found.verb, found.cut_off) == ("swap", True)
    assert run("rollback", NAME, "--url", nifi.url).returncode == 0
    assert model_that_scores(service) == SAMPLE_ID


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("line", ["uploading", "loading the model in NiFi", "changing models"])
def test_an_interrupted_swap_says_what_the_flow_has(
    nifi: NiFi, service: str, second: Path, line: str, number: signal.Signals
) -> None:
    before = assets(NAME)
    code, said = interrupted(line, number, "swap", NAME, "--model", second, "--url", nifi.url)
    assert code == 128 + number
    assert "Interrupted." in said
    assert "Traceback" not in said
    assert model_that_scores(service) == SAMPLE_ID
    # One that was uploaded and not asked for yet is removed by the next change.
    assert assets(NAME) == before or line == "uploading"
    assert (status(NAME).state, status(NAME).under_way) == ("running", None)


@pytest.mark.parametrize("line", ["checking", "uploading", "setting", "placing", "enabling", "waiting", "starting"])
def test_an_interrupted_deployment_is_finished_by_the_next_and_undeploy_likewise(
    nifi: NiFi, first: Path, line: str
) -> None:
    port = str(free_port())
    command = ("deploy", "realtime-http", "--name", "begun", "--model", first, "--param", f"http.port={port}")
    try:
        code, said = interrupted(f"  {line}", signal.SIGINT, *command, "--url", nifi.url)
        assert (code, "Traceback" in said) == (130, False), said
        done = run(*command, "--json", "--url", nifi.url)
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        assert (made["running"], model_that_scores(made["endpoint"])) == (True, SAMPLE_ID)
    finally:
        code, said = interrupted("  removing", signal.SIGINT, "undeploy", "begun", "--force", "--url", nifi.url)
        assert (code, "Traceback" in said) == (130, False), said
        undeploy("begun", force=True)
    assert not {"dai begun", "dai begun (change under way)"} & contexts()


def test_an_undeploy_that_was_cut_off_before_its_end_is_finished(
    nifi: NiFi, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(Request("realtime-http", first, name="half", parameters={"http.port": str(free_port())}))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dai_nifi.operations.canvas.parameter_context.remove", interrupt)
        with pytest.raises(KeyboardInterrupt):
            undeploy("half", force=True)
    assert "half" not in {one.name for one in deployed.find_all()}
    told = json.loads(look("doctor", "--json", "--url", nifi.url).stdout)["findings"]
    assert [one["fix"] for one in told if one["check"] == "changes"] == ["dai-nifi undeploy half finishes it."]
    with pytest.raises(
        NotFoundError, match=r"undeploy of half by .* was cut off\. dai-nifi undeploy half finishes it\."
    ):
        status("half")
    assert undeploy("half").id is None
    assert not {"dai half", "dai half (change under way)"} & contexts()
    with pytest.raises(NotFoundError):
        undeploy("half")
