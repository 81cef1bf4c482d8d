"""The contents of a deployed group: placed, replaced and put back."""

from __future__ import annotations

from typing import Any

import nipyapi

from dai_nifi.client.calls import finish_request, nifi_calls
from dai_nifi.flows.builder import Json
from dai_nifi.operations import lifecycle
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.canvas.context import Context
from dai_nifi.operations.canvas.deployed import ROOT, Deployed
from dai_nifi.operations.deployment import free_place as places
from dai_nifi.operations.deployment.planning import Plan


def place(plan: Plan, name: str, current: Context, marked: bool = True) -> Deployed:
    """Put a flow on the root canvas, where nothing is, bound to a parameter context; it stands still."""
    with nifi_calls():
        root = nipyapi.canvas.get_process_group(nipyapi.canvas.get_root_pg_id(), "id")
        made = nipyapi.versioning.import_process_group_definition(
            root,
            flow_definition=nipyapi.utils.dump(plan.definition(name, current.name, marked)),
            position=places.free(ROOT),
        )
    return Deployed(name, made.id, plan.mark, current.id, root.id)


def replace(plan: Plan, flow: Deployed, current: Context) -> None:
    """Give a group that stands still the contents of a plan; what is queued stays."""
    definition = plan.definition(flow.name, current.name)
    _put(definition, flow, plan.request.timeout)
    # The comments belong to the group itself; with them the new contents are on record, so they come last.
    _comment(flow, definition["flowContents"]["comments"])


def put_back(before: Json, flow: Deployed, current: Context, timeout: float) -> None:
    """Give a group that stands still the contents again that NiFi gave of it."""
    contents = {**before["flowContents"], "parameterContextName": current.name}
    contexts = {current.name: next(iter(before["parameterContexts"].values()))} if before["parameterContexts"] else {}
    _put({**before, "flowContents": contents, "parameterContexts": contexts}, flow, timeout)
    _comment(flow, contents["comments"])


def _put(definition: Json, flow: Deployed, timeout: float) -> None:
    calls = nipyapi.nifi.ProcessGroupsApi()
    lifecycle.set_services(flow.id, "DISABLED", timeout)
    group = deployed.group(flow)
    # Where a person has put it on the canvas, it stays.
    position = {"x": group.component.position.x, "y": group.component.position.y}
    body: Any = {
        "processGroupRevision": {"version": group.revision.version},
        "versionedFlowSnapshot": {**definition, "flowContents": {**definition["flowContents"], "position": position}},
    }
    with nifi_calls():
        request = calls.initiate_replace_process_group(body, flow.id).request.request_id
        finish_request(
            lambda: calls.get_replace_process_group_request(request),
            lambda: calls.delete_replace_process_group_request(request),
            f"replace the contents of {flow.name!r}",
            timeout,
        )


def _comment(flow: Deployed, comments: str) -> None:
    with nifi_calls():
        nipyapi.canvas.update_process_group(deployed.group(flow), {"comments": comments}, identifier_type="id")
