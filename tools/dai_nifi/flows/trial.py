"""Trying out in NiFi what a deployment would place: aside, stopped, and removed again."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

from dai_nifi.errors import ToolError
from dai_nifi.flows import claims, contents, context, deployed, lifecycle, removal, serving
from dai_nifi.flows.deployed import Deployed
from dai_nifi.flows.planning import Plan
from dai_nifi.flows.ports import HOST, PORT
from dai_nifi.progress import Progress

_TRIAL = re.compile(r" \(trial [0-9a-f]{8} of deploy --dry-run\)")


def run(plan: Plan, progress: Progress) -> None:
    """Raise what would keep the deployment from running; nothing of the trial stays in NiFi, whatever comes of it.

    NiFi loads the model and looks at every component as it does on the canvas. Nothing is let in: of the flow's own
    processors only the one that listens is started, for a moment, where the port would be another than now.
    """
    name = f"{plan.name} (trial {uuid.uuid4().hex[:8]} of deploy --dry-run)"
    progress("trying it out in NiFi, aside and stopped", None)
    # While this command lives, the claim says so: without it the trial counts as left behind.
    with claims.claimed(name, claims.TRIAL, progress):
        _try(plan, name, progress)


def clear_left(name: str, timeout: float, progress: Progress) -> None:
    """Remove trials of the flow of that name whose command was killed, so that it could not do it."""
    groups = {one.name: one for one in deployed.on_root() if _is_of(one.name, name)}
    contexts = {one: made for one, made in context.every().items() if _is_of(one, name)}
    claimed = {one.name: one for one in claims.every() if _is_of(one.name, name)}
    for left in sorted({*groups, *contexts, *claimed}):
        if left in claimed and not claimed[left].cut_off:
            continue
        progress("removing a trial that was cut off", None)
        with claims.claimed(left, claims.TRIAL, progress) as claim, claim.changing():
            removal.clear(groups.get(left), contexts.get(left), timeout)


def _is_of(trial: str, name: str) -> bool:
    return trial.startswith(f"{name} (") and _TRIAL.fullmatch(trial[len(name) :]) is not None


def _try(plan: Plan, name: str, progress: Progress) -> None:
    made = context.create(name, plan.template, inherits=plan.context)
    flow: Deployed | None = None
    try:
        assets = {one: context.upload(made, file) for one, file in plan.files.items()}
        context.update(made, plan.template, plan.values, assets, plan.request.timeout, inherits=plan.context)
        flow = replace(contents.place(plan, name, made, marked=False), name=plan.name)
        lifecycle.wait_until_valid(flow, plan.request.timeout, progress)
        values = {**(plan.context.values if plan.context else {}), **context.read(made.id).values}
        if plan.template.check is not None:
            progress(f"checking what {plan.name} needs", None)
            plan.template.check(flow.id, values, plan.request.timeout)
        if plan.template.try_out is not None:
            progress(f"checking what {plan.name} needs", None)
            plan.template.try_out(flow.id, values, plan.request.timeout)
        if _listens_elsewhere(plan):
            lifecycle.try_listening(flow, serving.RECEIVER, plan.request.timeout)
    except ToolError as error:
        error.args = (str(error).replace(name, plan.name),)
        raise
    finally:
        removal.clear(flow, made.id, plan.request.timeout)


def _listens_elsewhere(plan: Plan) -> bool:
    """Whether the deployment would listen where the flow does not listen now."""
    if plan.template.parameter(PORT) is None:
        return False
    return plan.there is None or not lifecycle.running(plan.there.id) or bool({PORT, HOST} & plan.values.keys())
