"""Flows in a real NiFi: what deploy, start, stop, status and undeploy do, and that nothing queued is lost."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.errors import ConflictError, InvalidFlowError, ModelRefusedError, NotFoundError, UsageError
from dai_nifi.flows import templates
from dai_nifi.operations import start_stop
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.status import status
from dai_nifi.operations.undeploy import undeploy
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi.batch_flow import deploy_batch
from tests.support.nifi.canvas import stop_scoring, wait_for_queue
from tests.support.nifi.http import ask, expected
from tests.support.nifi.instance import NiFi
from tests.support.ports import free_port

pytestmark = pytest.mark.nifi


def test_a_taken_port_is_a_conflict_that_the_next_deployment_mends(nifi: NiFi, samples: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        request = Request(
            "realtime-http",
            samples / "penguins.mojo",
            name="taken",
            parameters={"http.port": str(taken.getsockname()[1])},
        )
        for tried in (replace(request, dry_run=True), request):
            with pytest.raises(ConflictError, match=r"something else has its address.*http\.port"):
                deploy(tried)
            assert left_of("taken") == []
        with pytest.raises(ConflictError, match=r"on the canvas, stopped"):
            deploy(replace(request, keep=True))
    try:
        assert status("taken").state == "stopped"
        made = deploy(replace(request, model=None, parameters={"http.port": str(free_port())}))
        assert (made.action, made.running) == ("updated", True)
    finally:
        undeploy("taken", force=True)
    with pytest.raises(NotFoundError, match=r"penguins|none"):
        status("taken")
    assert "dai taken" not in {one.component.name for one in nipyapi.parameters.list_all_parameter_contexts()}


def left_of(name: str) -> list[str]:
    """The process groups and parameter contexts that belong to a deployment of that name, or to a trial of it."""
    groups = nipyapi.canvas.list_all_process_groups()
    contexts = nipyapi.parameters.list_all_parameter_contexts()
    return sorted(one.component.name for one in (*groups, *contexts) if name in one.component.name)


def test_a_port_that_a_running_flow_has_is_refused_before_anything_is_changed(nifi: NiFi, samples: Path) -> None:
    port = {"http.port": str(free_port())}
    deploy(Request("realtime-http", samples / "penguins.mojo", name="first", parameters=port))
    try:
        for dry_run in (True, False):
            with pytest.raises(ConflictError, match=rf"The flow first has the port {port['http.port']} already"):
                deploy(Request("realtime-http", samples / "penguins.mojo", None, "second", port, dry_run=dry_run))
        assert left_of("second") == []
    finally:
        undeploy("first", force=True)


def test_a_group_of_somebody_else_is_left_alone(nifi: NiFi, samples: Path) -> None:
    root = nipyapi.canvas.get_process_group(nipyapi.canvas.get_root_pg_id(), "id")
    theirs = nipyapi.canvas.create_process_group(root, "theirs", (0.0, 2000.0))
    try:
        with pytest.raises(ConflictError, match="dai-nifi did not deploy it"):
            deploy(Request("realtime-http", samples / "penguins.mojo", name="theirs"))
        with pytest.raises(NotFoundError):
            undeploy("theirs", force=True)
    finally:
        nipyapi.canvas.delete_process_group(theirs)


def test_nothing_is_placed_for_a_wrong_request(nifi: NiFi, samples: Path, tmp_path: Path) -> None:
    text = tmp_path / "model.mojo"
    text.write_text("hello")
    with pytest.raises(ModelRefusedError, match="not a MOJO"):
        deploy(Request("realtime-http", text, name="wrong"))
    with pytest.raises(UsageError, match="no model yet"):
        deploy(Request("realtime-http", name="wrong"))
    with pytest.raises(UsageError, match=r"input\.directory"):
        deploy(Request("batch-files", samples / "penguins.mojo", name="wrong"))
    assert "wrong" not in {one.name for one in deployed.find_all()}
    assert "dai wrong" not in {one.component.name for one in nipyapi.parameters.list_all_parameter_contexts()}


def test_an_invalid_component_is_named_with_its_reason(nifi: NiFi, samples: Path, tmp_path: Path) -> None:
    folders = {f"{kind}.directory": str(tmp_path / kind) for kind in ("input", "output", "rejected", "failed")}
    request = Request("batch-files", samples / "penguins.mojo", name="invalid", parameters=folders)
    for tried in (replace(request, dry_run=True), request):
        with pytest.raises(InvalidFlowError, match=r"Take files: .*does not exist"):
            deploy(tried)
        assert left_of("invalid") == []
    try:
        with pytest.raises(InvalidFlowError, match=r"Take files: .*does not exist"):
            deploy(replace(request, keep=True))
        assert status("invalid").state == "invalid"
        (tmp_path / "input").mkdir()
        assert start_stop.start("invalid").changed
    finally:
        undeploy("invalid", force=True)


def test_a_folder_that_nifi_may_not_change_is_said_by_a_dry_run(nifi: NiFi, samples: Path, tmp_path: Path) -> None:
    closed = Path("/proc/sys")
    if not closed.is_dir() or os.access(closed, os.W_OK):
        pytest.skip(f"this user may write to {closed}, or it is not there")
    folders = {f"{kind}.directory": str(tmp_path / kind) for kind in ("output", "rejected", "failed")}
    folders["input.directory"] = str(closed)
    with pytest.raises(InvalidFlowError, match=r"cannot take files from /proc/sys, the parameter input\.directory"):
        deploy(Request("batch-files", samples / "penguins.mojo", name="closed", parameters=folders, dry_run=True))
    # Those for output are made when they are needed: where, is looked at, and nothing is made.
    (tmp_path / "input").mkdir()
    (tmp_path / "file").touch()
    folders["input.directory"] = str(tmp_path / "input")
    for place, says in (
        (closed / "a" / "b", "which would be created in /proc/sys"),
        (tmp_path / "file" / "a", "file"),
    ):
        wrong = {**folders, "rejected.directory": str(place)}
        with pytest.raises(
            InvalidFlowError, match=rf"cannot write to {place}, the parameter rejected.directory.*{says}"
        ):
            deploy(Request("batch-files", samples / "penguins.mojo", name="closed", parameters=wrong, dry_run=True))
    deploy(Request("batch-files", samples / "penguins.mojo", name="closed", parameters=folders, dry_run=True))
    assert {one.name for one in tmp_path.iterdir()} == {"input", "file"}
    assert left_of("closed") == []


def test_a_model_without_licence_is_said_and_the_key_is_never_told(
    nifi: NiFi, needs_licence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request("realtime-http", needs_licence, name="unlicensed", parameters={"http.port": str(free_port())})
    with pytest.raises(InvalidFlowError, match="needs a Driverless AI licence"):
        deploy(replace(request, dry_run=True))
    assert left_of("unlicensed") == []
    request = replace(request, keep=True)
    try:
        with pytest.raises(InvalidFlowError, match="needs a Driverless AI licence"):
            deploy(request)
        monkeypatch.setenv("DRIVERLESS_AI_LICENSE_KEY", "not-a-key-but-secret")
        with pytest.raises(InvalidFlowError) as refused:
            deploy(request)
        assert "not-a-key-but-secret" not in str(refused.value)
        assert "not-a-key-but-secret" not in nifi.log()
        assert "licence.key" not in status("unlicensed").parameters
    finally:
        undeploy("unlicensed", force=True)


def test_a_changed_template_is_replaced_and_what_is_queued_is_scored(
    nifi: NiFi, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = deploy_batch("replaced", samples / "penguins.mojo", tmp_path)
    try:
        stop_scoring("replaced")
        for number in range(3):
            folders.put(f"{number}.csv", (samples / "penguins-rows.csv").read_bytes())
        wait_for_queue("replaced", 3)
        with pytest.raises(ConflictError, match=r"3 FlowFile\(s\) are queued"):
            undeploy("replaced", timeout=1)
        start_stop.stop("replaced")
        before = deployed.group(deployed.find("replaced")).component.position
        shipped = templates.definition

        def changed(name: str, runtime: str) -> dict[str, Any]:
            found = shipped(name, runtime)
            found["flowContents"]["labels"][0]["label"] = "Another text"
            return found

        monkeypatch.setattr(templates, "definition", changed)
        made = deploy(Request("batch-files", name="replaced"))
        assert made.changes == ["replace its contents: the template has changed since"]
        scored = [folders.wait(folders.output / f"{number}.csv") for number in range(3)]
        for content in scored:
            rows = csv.DictReader(io.StringIO(content.decode()))
            assert [(r["predict"], float(r["female"]), float(r["male"])) for r in rows] == expected(samples)
        flow = deployed.find("replaced")
        labels = nipyapi.nifi.ProcessGroupsApi().get_labels(flow.id).labels
        assert "Another text" in {one.component.label for one in labels}
        after = deployed.group(flow).component.position
        assert (after.x, after.y) == (before.x, before.y)
    finally:
        undeploy("replaced", force=True)


def test_another_model_takes_the_place_of_the_first(nifi: NiFi, samples: Path, titanic: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.mojo"
    shutil.copyfile(samples / "penguins.mojo", model)
    request = Request("realtime-http", model, name="swapped", parameters={"http.port": str(free_port())})
    try:
        first = deploy(request)
        shutil.copyfile(titanic, model)
        second = deploy(request)
        assert second.changes == [f"use the model {second.model}"]
        assert first.model != second.model
        assert second.endpoint is not None
        answer = ask(second.endpoint, json.dumps([GOLDEN_ROW]), "application/json")
        (row,) = json.loads(answer.body)
        assert (row["survived.0"], row["survived.1"]) == GOLDEN_SCORE
        context = deployed.find("swapped").context_id
        assert [
            one["name"]
            for one in nipyapi.parameters.list_assets(context)
            if not one["name"].startswith("dai-nifi-template-")
        ] == [second.model]
    finally:
        undeploy("swapped", force=True)


def test_what_cannot_be_written_waits_and_undeploy_asks_before_it_drops_it(
    nifi: NiFi, samples: Path, tmp_path: Path
) -> None:
    folders = deploy_batch("blocked", samples / "penguins.mojo", tmp_path)
    try:
        folders.output.rmdir()
        folders.output.write_text("not a folder")
        folders.put("rows.csv", (samples / "penguins-rows.csv").read_bytes())
        wait_for_queue("blocked", 1)
        with pytest.raises(ConflictError, match=r"1 FlowFile\(s\) are queued"):
            undeploy("blocked", timeout=1)
        assert status("blocked").state == "running"
        assert "Write scores" in {one.source for one in status("blocked").bulletins}
        folders.output.unlink()
        assert folders.wait(folders.output / "rows.csv").count(b"\n") == len(expected(samples)) + 1
        stop_scoring("blocked")
        folders.put("late.csv", (samples / "penguins-rows.csv").read_bytes())
        wait_for_queue("blocked", 1)
        assert undeploy("blocked", force=True).dropped_flowfiles == 1
    finally:
        if "blocked" in {one.name for one in deployed.find_all()}:
            undeploy("blocked", force=True)


def test_a_file_that_is_still_written_is_not_taken(nifi: NiFi, samples: Path, tmp_path: Path) -> None:
    folders = deploy_batch("patient", samples / "penguins.mojo", tmp_path)
    try:
        rows = (samples / "penguins-rows.csv").read_bytes()
        for name in ("a.csv.part", "b.tmp", ".c.csv"):
            (folders.input / name).write_bytes(rows)
        folders.put("done.csv", rows)
        folders.wait(folders.output / "done.csv")
        # Listed together with those, so it would have taken them along.
        folders.put("after.csv", rows)
        folders.wait(folders.output / "after.csv")
        assert {file.name for file in folders.input.iterdir()} == {"a.csv.part", "b.tmp", ".c.csv"}
        folders.put("broken.json", '[{"a":')
        error = folders.error("broken.json")
        assert (error["file"], error["code"]) == ("broken.json", "malformed_content")
        assert (folders.failed / "broken.json").read_text() == '[{"a":'
    finally:
        undeploy("patient", force=True)
