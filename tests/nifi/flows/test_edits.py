"""What was set on the canvas of a real NiFi outlives a newer template, or is refused and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.errors import ConflictError, InvalidFlowError
from dai_nifi.flows import templates
from dai_nifi.operations import start_stop
from dai_nifi.operations.canvas import deployed, overrides, parameter_context, scheduling
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.deployment import definition_store
from dai_nifi.operations.deployment.removal import queued
from dai_nifi.operations.status import status
from dai_nifi.operations.undeploy import undeploy
from dai_nifi.waiting import wait_until
from tests.support.nifi.batch_flow import Folders, deploy_batch
from tests.support.nifi.instance import NiFi
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.nifi

Definition = Callable[[str, str], dict[str, Any]]


def processor(name: str, of: str) -> Any:
    found = {one.component.name: one for one in deployed.processors(deployed.find(name).id)}
    return found[of]


def edit(name: str, of: str, **changes: Any) -> None:
    nipyapi.canvas.update_processor(processor(name, of), nipyapi.nifi.ProcessorConfigDTO(**changes))


def connection(name: str, of: str) -> Any:
    found = nipyapi.nifi.ProcessGroupsApi().get_connections(deployed.find(name).id).connections
    return next(one for one in found if one.component.name == of)


def newer(monkeypatch: pytest.MonkeyPatch, text: str = "Another text") -> None:
    """Let the package have a newer template: one of its labels differs, and a property of a processor."""
    shipped = templates.definition

    def changed(name: str, runtime: str) -> dict[str, Any]:
        found = shipped(name, runtime)
        found["flowContents"]["labels"][0]["label"] = text
        (take,) = (one for one in found["flowContents"]["processors"] if one["name"] == "Take files")
        take["properties"]["Polling Interval"] = "1 sec"
        return found

    monkeypatch.setattr(templates, "definition", changed)


def test_what_was_set_on_the_canvas_outlives_a_newer_template(
    nifi: NiFi, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (samples / "penguins-rows.csv").read_bytes()
    folders = deploy_batch("edited", samples / "penguins.mojo", tmp_path)
    try:
        start_stop.stop("edited")
        edit(
            "edited",
            "Score records",
            properties={"Output Columns": "predictions", "Prediction Prefix": "my_"},
            concurrently_schedulable_task_count=2,
            scheduling_period="5 ms",
        )
        wires = connection("edited", "scored rows")
        body = {
            "revision": {"version": wires.revision.version},
            "component": {"id": wires.id, "backPressureObjectThreshold": 77},
        }
        nipyapi.nifi.ConnectionsApi().update_connection(body, wires.id)
        _add_a_processor("edited")
        told = status("edited")
        assert told.set_on_canvas == {"output.columns": "predictions", "prediction.prefix": "my_"}
        shown = overrides.in_effect(told.parameters, told.set_on_canvas)
        assert shown["output.columns"] == "predictions (set on the canvas; the parameter is input and predictions)"
        newer(monkeypatch)
        looked = deploy(Request("batch-files", name="edited", dry_run=True))
        kept = {one.removeprefix("keep what was edited on the canvas: ") for one in looked.changes if "keep" in one}
        assert kept == {
            "Output Columns of Score records: predictions (was #{output.columns})",
            "Prediction Prefix of Score records: my_ (was #{prediction.prefix})",
            "concurrent tasks of Score records: 2 (was 1)",
            "run schedule of Score records: 5 ms (was 0 sec)",
            "back pressure by FlowFiles of scored rows: 77 (was 10000)",
            'ended relationships of Write scores: nothing (was ["success"])',
            "the processor 'Mine' was added",
            "the connection 'to mine' was added",
        }
        assert _values("edited", "Take files")["Polling Interval"] == "0 sec"
        made = deploy(Request("batch-files", name="edited"))
        assert (made.changes, made.set_on_canvas) == (looked.changes, told.set_on_canvas)
        scorer = processor("edited", "Score records").component.config
        assert scorer.properties["Output Columns"] == "predictions"
        assert (scorer.concurrently_schedulable_task_count, scorer.scheduling_period) == (2, "5 ms")
        assert connection("edited", "scored rows").component.back_pressure_object_threshold == 77
        assert connection("edited", "to mine").component.destination.name == "Mine"
        assert _values("edited", "Take files")["Polling Interval"] == "1 sec"
        folders.put("a.csv", rows)
        assert folders.wait(folders.output / "a.csv").splitlines()[0] == b"my_predict,my_female,my_male"
        # A parameter that is asked for counts, whatever was put in its place.
        made = deploy(Request("batch-files", name="edited", parameters={"output.columns": "input and predictions"}))
        assert "put #{output.columns} back: Output Columns of Score records: predictions (was #{output.columns})" in (
            made.changes
        )
        folders.put("b.csv", rows)
        header = folders.wait(folders.output / "b.csv").splitlines()[0]
        assert header.startswith(b"study_name,")
        assert header.endswith(b",my_predict,my_female,my_male")
    finally:
        undeploy("edited", force=True)


def test_a_flow_of_before_templates_were_recorded_keeps_its_edits(
    nifi: NiFi, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = next(
        one
        for one in definition_store.earlier().values()
        if one["flowContents"]["name"] == "batch-files"
        and any(each["type"] == "ScoreJavaMojo" for each in one["flowContents"]["processors"])
    )
    with monkeypatch.context() as earlier:
        earlier.setattr(templates, "definition", lambda name, runtime: json.loads(json.dumps(old)))
        earlier.setattr(definition_store, "write", lambda current, definition: None)
        folders = deploy_batch("ancient", samples / "penguins.mojo", tmp_path)
    try:
        assert _values("ancient", "Score records")["Bad Rows"] == "route to rejected"
        start_stop.stop("ancient")
        edit("ancient", "Score records", properties={"Bad Rows": "fail the FlowFile", "JVM Options": "-Xmx300m"})
        made = deploy(Request("batch-files", name="ancient"))
        kept = [one for one in made.changes if one.startswith("keep")]
        assert kept == [
            "keep what was edited on the canvas: Bad Rows of Score records: fail the FlowFile (was route to rejected)",
            "keep what was edited on the canvas: JVM Options of Score records: -Xmx300m "
            "(was -Xmx768m -XX:+UseSerialGC)",
        ]
        values = _values("ancient", "Score records")
        assert (values["Bad Rows"], values["JVM Options"]) == ("fail the FlowFile", "-Xmx300m")
        assert values["Output Columns"] == "#{output.columns}"
        assert made.running
        folders.put("a.csv", (samples / "penguins-rows.csv").read_bytes())
        assert folders.wait(folders.output / "a.csv")
    finally:
        undeploy("ancient", force=True)


def test_what_cannot_be_carried_over_is_named_and_nothing_is_changed(
    nifi: NiFi, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy_batch("secretive", samples / "penguins.mojo", tmp_path)
    try:
        start_stop.stop("secretive")
        edit("secretive", "Score records", properties={"Licence Key": "a-secret", "Batch Rows": "500"})
        newer(monkeypatch)
        before = deployed.find("secretive")
        with pytest.raises(ConflictError, match=r"Licence Key of Score records.*sensitive") as refused:
            deploy(Request("batch-files", name="secretive", dry_run=True))
        with pytest.raises(ConflictError, match="--discard-edits"):
            deploy(Request("batch-files", name="secretive"))
        assert "a-secret" not in str(refused.value)
        assert deployed.find("secretive") == before
        assert _values("secretive", "Score records")["Batch Rows"] == "500"
        made = deploy(Request("batch-files", name="secretive", discard_edits=True))
        assert (
            "give up what was edited on the canvas: Batch Rows of Score records: 500 (was #{batch.rows})"
            in made.changes
        )
        assert _values("secretive", "Score records")["Batch Rows"] == "#{batch.rows}"
    finally:
        undeploy("secretive", force=True)


def test_an_update_that_fails_leaves_what_was_there_running_with_what_it_had_queued(
    nifi: NiFi, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = deploy_batch("steadfast", samples / "penguins.mojo", tmp_path)
    try:
        edit_running(folders)
        newer(monkeypatch)
        with pytest.raises(InvalidFlowError, match=r"does not exist[\s\S]*steadfast is as before and runs"):
            deploy(Request("batch-files", name="steadfast", parameters={"input.directory": "/nowhere/at/all"}))
        flow = deployed.find("steadfast")
        assert parameter_context.read(flow.context_id or "").values["input.directory"] == str(folders.input)
        assert _values("steadfast", "Take files")["Polling Interval"] == "0 sec"
        assert _values("steadfast", "Score records")["Prediction Prefix"] == "my_"
        assert scheduling.running_ids(flow.id) == {one.id for one in deployed.processors(flow.id)}
        for name in ("queued.csv", "later.csv"):
            if name == "later.csv":
                folders.put(name, (samples / "penguins-rows.csv").read_bytes())
            assert b"my_predict" in folders.wait(folders.output / name).splitlines()[0]
    finally:
        undeploy("steadfast", force=True)


def edit_running(folders: Folders) -> None:
    """An edit, a FlowFile in a queue, and the flow running but for what would take that."""
    rows = (Path(__file__).parents[3] / "models" / "penguins-rows.csv").read_bytes()
    start_stop.stop(folders.name)
    edit(folders.name, "Score records", properties={"Prediction Prefix": "my_"})
    flow = deployed.find(folders.name)
    nipyapi.canvas.schedule_processor(processor(folders.name, "Take files"), True)
    folders.put("queued.csv", rows)
    wait_until(lambda: queued(flow) == 1, PATIENCE, lambda: InvalidFlowError("nothing is queued"))
    for one in deployed.processors(flow.id):
        if one.component.name != "Score records":
            nipyapi.canvas.schedule_processor(one, True)
    nipyapi.canvas.schedule_processor(processor(folders.name, "Score records"), True)


def _values(name: str, of: str) -> dict[str, Any]:
    found: dict[str, Any] = processor(name, of).component.config.properties
    return found


def _add_a_processor(name: str) -> None:
    group = nipyapi.canvas.get_process_group(deployed.find(name).id, "id")
    kind = nipyapi.canvas.get_processor_type(
        "org.apache.nifi.processors.attributes.UpdateAttribute", identifier_type="name"
    )
    config = nipyapi.nifi.ProcessorConfigDTO(auto_terminated_relationships=["success"], properties={"seen": "yes"})
    mine = nipyapi.canvas.create_processor(group, kind, (0.0, 1500.0), "Mine", config)
    edit(name, "Write scores", auto_terminated_relationships=[])
    nipyapi.canvas.create_connection(processor(name, "Write scores"), mine, ["success"], "to mine")
