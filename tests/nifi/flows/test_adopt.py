"""Flows that people import, copy and move on the canvas of a real NiFi are found, and keep what is theirs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.checkup import deployments
from dai_nifi.errors import ConflictError, NotFoundError
from dai_nifi.flows import catalogue, templates
from dai_nifi.operations import start_stop
from dai_nifi.operations.adopt import adopt
from dai_nifi.operations.canvas import assets, deployed, parameter_context
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.deployment.free_position import Box
from dai_nifi.operations.status import status
from dai_nifi.operations.swap import SwapRequest, swap
from dai_nifi.operations.undeploy import undeploy
from tests.support.nifi.batch_flow import deploy_batch
from tests.support.nifi.instance import NiFi

pytestmark = pytest.mark.nifi


def root() -> Any:
    return nipyapi.canvas.get_process_group(nipyapi.canvas.get_root_pg_id(), "id")


def imported(name: str, folder: Path) -> Any:
    """What dropping the file onto the canvas does."""
    flow = json.loads(catalogue.export("batch-files", folder).read_text())
    flow["flowContents"]["name"] = name
    return nipyapi.versioning.import_process_group_definition(
        root(), flow_definition=json.dumps(flow), position=(-2000.0, 0.0)
    )


@pytest.fixture
def shared_import(nifi: NiFi, samples: Path, tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """A template that was imported twice, which binds both groups to one parameter context; all is set in it."""
    groups = imported("by hand", tmp_path), imported("by hand too", tmp_path)
    bound = {nipyapi.canvas.get_process_group(one.id, "id").component.parameter_context.id for one in groups}
    (shared,) = bound
    current = parameter_context.read(shared)
    model = assets.upload(current.id, samples / "penguins.mojo")
    parameters = {f"{kind}.directory": str(tmp_path / kind) for kind in ("input", "output", "rejected", "failed")}
    (tmp_path / "input").mkdir()
    parameter_context.update(
        current, templates.template("batch-files").with_runtime("java"), parameters, {"model.file": model}, 60
    )
    yield groups
    for name in ("one", "other"):
        if name in {flow.name for flow in deployed.find_all()}:
            undeploy(name, force=True)
    for one in groups:
        if one.id in {group.id for group in nipyapi.canvas.list_all_process_groups()}:
            nipyapi.canvas.delete_process_group(nipyapi.canvas.get_process_group(one.id, "id"), force=True)
    if shared in {one.id for one in nipyapi.parameters.list_all_parameter_contexts()}:
        parameter_context.remove(shared, 60)


def test_two_imports_are_adopted_with_parameters_of_their_own(
    shared_import: tuple[Any, Any], samples: Path, tmp_path: Path
) -> None:
    first, second = shared_import
    said = {one.check: one for one in deployments.examine() if one.check == "parameters"}["parameters"]
    assert "share the parameter context 'batch-files'" in said.says
    with pytest.raises(ConflictError, match="dai-nifi adopt"):
        deploy(Request("batch-files", samples / "penguins.mojo", name="by hand", parameters={"minimum.age": "1 sec"}))
    done = adopt("by hand", "one")
    assert (done.flow, done.runtime, done.changed, done.edits) == ("batch-files", "java", True, [])
    assert done.parted_from == [f"the process group by hand too ({second.id})"]
    other = adopt(second.id, "other")
    assert (other.parted_from, other.changed) == ([], True)
    assert not adopt("one").changed
    one, two = deployed.find("one"), deployed.find("other")
    assert one.id == first.id
    assert one.context_id != two.context_id
    deploy(Request("batch-files", name="one", parameters={"minimum.age": "0 sec"}))
    assert (status("one").parameters["minimum.age"], status("other").parameters["minimum.age"]) == ("0 sec", "2 sec")
    rows = (samples / "penguins-rows.csv").read_bytes()
    (tmp_path / "input" / "rows.csv").write_bytes(rows)
    assert status("one").state == "running"
    undeploy("other", force=True)
    assert status("one").model is not None


def test_a_group_that_is_none_of_the_flows_is_not_adopted(nifi: NiFi) -> None:
    group = nipyapi.canvas.create_process_group(root(), "strange", (-2000.0, 2000.0))
    try:
        with pytest.raises(NotFoundError, match="was not imported from a shipped flow"):
            adopt("strange")
        with pytest.raises(NotFoundError, match="no process group"):
            adopt("nothing of that name")
    finally:
        nipyapi.canvas.delete_process_group(group)


def test_a_flow_that_was_moved_into_another_group_is_found_by_every_command(
    nifi: NiFi, samples: Path, tmp_path: Path
) -> None:
    folders = deploy_batch("wanderer", samples / "penguins.mojo", tmp_path)
    flow = deployed.find("wanderer")
    label = nipyapi.nifi.ProcessGroupsApi().get_process_group(flow.id).position
    department = nipyapi.canvas.create_process_group(root(), "department", (label.x, label.y + 600))
    team = nipyapi.canvas.create_process_group(department, "team", (0.0, 0.0))
    try:
        start_stop.stop("wanderer")
        _move(flow.id, team.id)
        found = deployed.find("wanderer")
        assert (found.id, found.place.split(" / ")[1:]) == (flow.id, ["department", "team"])
        assert status("wanderer").state == "stopped"
        assert start_stop.start("wanderer").changed
        again = deploy(Request("batch-files", name="wanderer", parameters={"batch.rows": "500"}))
        assert (again.action, again.id) == ("updated", flow.id)
        other = tmp_path / "other.mojo"
        shutil.copyfile(samples / "penguins.mojo", other)
        assert swap(SwapRequest("wanderer", other, locally=None)).action == "swapped"
        folders.put("rows.csv", (samples / "penguins-rows.csv").read_bytes())
        assert folders.wait(folders.output / "rows.csv")
        context_id = deployed.find("wanderer").context_id
        inheriting = nipyapi.parameters.create_parameter_context(
            "inherits", inherited_contexts=[{"id": context_id, "component": {"id": context_id}}]
        )
        gone = undeploy("wanderer", force=True)
        assert gone.still_used_by == ["the parameter context inherits"]
        assert parameter_context.read(context_id or "").model() is not None
        nipyapi.parameters.delete_parameter_context(inheriting)
        parameter_context.remove(context_id or "", 60)
    finally:
        nipyapi.canvas.delete_process_group(nipyapi.canvas.get_process_group(department.id, "id"), force=True)


def test_a_new_flow_is_placed_where_nothing_is(nifi: NiFi, samples: Path, tmp_path: Path) -> None:
    calls = nipyapi.nifi.ProcessGroupsApi()
    label = calls.create_label(
        {
            "revision": {"version": 0},
            "component": {"label": "Mine", "position": {"x": 350.0, "y": 350.0}, "width": 900.0, "height": 500.0},
        },
        root().id,
    )
    try:
        deploy_batch("placed", samples / "penguins.mojo", tmp_path)
        at = calls.get_process_group(deployed.find("placed").id).position
        assert not Box(at.x, at.y, 384, 176).touches(Box(350, 350, 900, 500))
    finally:
        undeploy("placed", force=True)
        nipyapi.nifi.LabelsApi().remove_label(label.id, version=str(label.revision.version))


def _move(group_id: str, into: str) -> None:
    """What "Group" and dragging a group onto another do."""
    entity = nipyapi.canvas.get_process_group(group_id, "id")
    parent = entity.component.parent_group_id
    snippet = nipyapi.nifi.SnippetsApi().create_snippet(
        {
            "snippet": {
                "parentGroupId": parent,
                "processGroups": {group_id: {"version": entity.revision.version, "clientId": "test"}},
            }
        }
    )
    nipyapi.nifi.SnippetsApi().update_snippet(
        {"snippet": {"id": snippet.snippet.id, "parentGroupId": into}}, snippet.snippet.id
    )
