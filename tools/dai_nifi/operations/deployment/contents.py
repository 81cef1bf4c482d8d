"""The contents of a deployed group: imported, replaced and restored."""

from __future__ import annotations

import json
from typing import Any

from dai_nifi.client import api
from dai_nifi.flows.parts import Json
from dai_nifi.operations.canvas import controller_services, deployed
from dai_nifi.operations.canvas.deployed import ROOT, DeployedFlow
from dai_nifi.operations.canvas.parameter_context import ParameterContext
from dai_nifi.operations.deployment import free_position
from dai_nifi.operations.deployment.planning import Plan


def import_flow(plan: Plan, name: str, current: ParameterContext, marked: bool = True) -> DeployedFlow:
    """Put a flow on the root canvas, where nothing is, bound to a parameter context; it does not run."""
    root = api.canvas.get_process_group(api.canvas.get_root_pg_id(), "id")
    made = api.versioning.import_process_group_definition(
        root,
        flow_definition=json.dumps(plan.definition(name, current.name, marked)),
        position=free_position.free_position(ROOT),
    )
    return DeployedFlow(name, made.id, plan.mark, current.id, root.id)


def replace(plan: Plan, flow: DeployedFlow, current: ParameterContext) -> None:
    """Give a stopped group the contents of a plan; what is queued stays."""
    definition = plan.definition(flow.name, current.name)
    _put(definition, flow, plan.request.timeout)
    # The comments belong to the group itself; with them the new contents are on record, so they come last.
    _comment(flow, definition["flowContents"]["comments"])


def restore(before: Json, flow: DeployedFlow, current: ParameterContext, timeout: float) -> None:
    """Give a stopped group the contents again that NiFi had exported of it."""
    contents = {**before["flowContents"], "parameterContextName": current.name}
    contexts = {current.name: next(iter(before["parameterContexts"].values()))} if before["parameterContexts"] else {}
    _put({**before, "flowContents": contents, "parameterContexts": contexts}, flow, timeout)
    _comment(flow, contents["comments"])


def _put(definition: Json, flow: DeployedFlow, timeout: float) -> None:
    calls = api.process_groups
    controller_services.set_state(flow.id, "DISABLED", timeout)
    group = deployed.group(flow)
    # It stays where it is on the canvas.
    position = {"x": group.component.position.x, "y": group.component.position.y}
    body: Any = {
        "processGroupRevision": {"version": group.revision.version},
        "versionedFlowSnapshot": {**definition, "flowContents": {**definition["flowContents"], "position": position}},
    }
    request = calls.initiate_replace_process_group(body, flow.id).request.request_id
    api.finish_request(
        lambda: calls.get_replace_process_group_request(request),
        lambda: calls.delete_replace_process_group_request(request),
        f"replace the contents of {flow.name!r}",
        timeout,
    )


def _comment(flow: DeployedFlow, comments: str) -> None:
    api.canvas.update_process_group(deployed.group(flow), {"comments": comments}, identifier_type="id")
