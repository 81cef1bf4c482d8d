"""Tries a deployment out in NiFi: a copy of the flow is imported under another name, checked, and removed."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

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
    """Raise the error that would keep the deployment from running. Nothing of the copy stays in NiFi.

    NiFi loads the model and validates every component as it does on the canvas. No data comes in: the only processor
    of the flow that is started, for a moment, is the one that listens, and only if its port would change.
    """
    name = f"{plan.name} (trial {uuid.uuid4().hex[:8]} of deploy --dry-run)"
    progress("trying out a stopped copy in NiFi", None)
    # The lease shows that this command is alive: a dry run without one counts as left over.
    with lease.hold(name, DRY_RUN, progress):
        _run(plan, name, progress)


def remove_left_over(name: str, timeout: float, progress: Progress) -> None:
    """Remove what killed dry runs of this flow have left in NiFi."""
    groups = {one.name: one for one in deployed.on_root() if _is_dry_run(one.name, name)}
    contexts = {one: made for one, made in parameter_context.own_ids().items() if _is_dry_run(one, name)}
    changes = {one.name: one for one in lease.all_changes() if _is_dry_run(one.name, name)}
    for left in sorted({*groups, *contexts, *changes}):
        if left in changes and not changes[left].cut_off:
            continue
        progress("removing an interrupted dry run", None)
        with lease.hold(left, DRY_RUN, progress) as held, held.changing():
            removal.clean_up(groups.get(left), contexts.get(left), timeout)


def _is_dry_run(group: str, name: str) -> bool:
    return group.startswith(f"{name} (") and _SUFFIX.fullmatch(group[len(name) :]) is not None


def _run(plan: Plan, name: str, progress: Progress) -> None:
    made = parameter_context.create(name, plan.template, inherits=plan.context)
    flow: DeployedFlow | None = None
    try:
        uploaded = {one: assets.upload(made.id, file) for one, file in plan.files.items()}
        # Errors show the name of the flow, not that of its copy.
        parameter_context.update(
            replace(made, title=deployed.context_name(plan.name)),
            plan.template,
            plan.values,
            uploaded,
            plan.request.timeout,
            inherits=plan.context,
        )
        flow = replace(contents.import_flow(plan, name, made, marked=False), name=plan.name)
        validity.wait_until_valid(flow, plan.request.timeout, progress)
        values = {**(plan.context.values if plan.context else {}), **parameter_context.read(made.id).values}
        progress(f"checking what {plan.name} needs", None)
        of_template.check_dry_run(plan.template, flow.id, values, plan.request.timeout)
        if _listens_elsewhere(plan):
            scheduling.try_listening(flow, requests.RECEIVER, plan.request.timeout)
    finally:
        removal.clean_up(flow, made.id, plan.request.timeout)


def _listens_elsewhere(plan: Plan) -> bool:
    """Whether the deployment would listen at an address at which the flow does not listen now."""
    if plan.template.parameter(PORT) is None:
        return False
    return (
        plan.present is None or not scheduling.running_ids(plan.present.id) or bool({PORT, HOST} & plan.values.keys())
    )
