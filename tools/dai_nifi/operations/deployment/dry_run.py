"""A deployment tried out in NiFi: imported under another name, checked while it is stopped, and removed."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

from dai_nifi.errors import ToolError
from dai_nifi.flows.realtime import requests
from dai_nifi.operations.canvas import assets, deployed, parameter_context, scheduling, validity
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.operations.changes import lease
from dai_nifi.operations.changes.journal import DRY_RUN
from dai_nifi.operations.deployment import contents, removal
from dai_nifi.operations.deployment.planning import Plan
from dai_nifi.operations.requirements import of_template
from dai_nifi.operations.requirements.ports import HOST, PORT
from dai_scoring.progress import Progress

_SUFFIX = re.compile(r" \(trial [0-9a-f]{8} of deploy --dry-run\)")


def run(plan: Plan, progress: Progress) -> None:
    """Raise what would keep the deployment from running; nothing of it stays in NiFi in any case.

    NiFi loads the model and looks at every component as it does on the canvas. Nothing is let in: of the flow's own
    processors only the one that listens is started, for a moment, where the port would be another than now.
    """
    name = f"{plan.name} (trial {uuid.uuid4().hex[:8]} of deploy --dry-run)"
    progress("trying out a stopped copy in NiFi", None)
    # While this command lives, its lease says so: a dry run without one counts as left over.
    with lease.hold(name, DRY_RUN, progress):
        _run(plan, name, progress)


def remove_left_over(name: str, timeout: float, progress: Progress) -> None:
    """Remove what dry runs of this flow have left in NiFi because their command was killed."""
    groups = {one.name: one for one in deployed.on_root() if _is_dry_run(one.name, name)}
    contexts = {one: made for one, made in parameter_context.own_ids().items() if _is_dry_run(one, name)}
    changes = {one.name: one for one in lease.all_changes() if _is_dry_run(one.name, name)}
    for left in sorted({*groups, *contexts, *changes}):
        if left in changes and not changes[left].cut_off:
            continue
        progress("removing a dry run that was cut off", None)
        with lease.hold(left, DRY_RUN, progress) as held, held.changing():
            removal.clean_up(groups.get(left), contexts.get(left), timeout)


def _is_dry_run(group: str, name: str) -> bool:
    return group.startswith(f"{name} (") and _SUFFIX.fullmatch(group[len(name) :]) is not None


def _run(plan: Plan, name: str, progress: Progress) -> None:
    made = parameter_context.create(name, plan.template, inherits=plan.context)
    flow: DeployedFlow | None = None
    try:
        uploaded = {one: assets.upload(made.id, file) for one, file in plan.files.items()}
        parameter_context.update(
            made, plan.template, plan.values, uploaded, plan.request.timeout, inherits=plan.context
        )
        flow = replace(contents.import_flow(plan, name, made, marked=False), name=plan.name)
        validity.wait_until_valid(flow, plan.request.timeout, progress)
        values = {**(plan.context.values if plan.context else {}), **parameter_context.read(made.id).values}
        progress(f"checking what {plan.name} needs", None)
        of_template.check_dry_run(plan.template, flow.id, values, plan.request.timeout)
        if _listens_elsewhere(plan):
            scheduling.try_listening(flow, requests.RECEIVER, plan.request.timeout)
    except ToolError as error:
        error.args = (str(error).replace(name, plan.name),)
        raise
    finally:
        removal.clean_up(flow, made.id, plan.request.timeout)


def _listens_elsewhere(plan: Plan) -> bool:
    """Whether the deployment would listen where the flow does not listen now."""
    if plan.template.parameter(PORT) is None:
        return False
    return (
        plan.present is None or not scheduling.running_ids(plan.present.id) or bool({PORT, HOST} & plan.values.keys())
    )
