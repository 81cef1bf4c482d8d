"""Bringing a flow and its model to a NiFi, or up to date in one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from dai_nifi.errors import NotPermittedError, NotRestoredError, ToolError
from dai_nifi.flows import (
    claims,
    contents,
    context,
    deployed,
    lifecycle,
    overrides,
    planning,
    record,
    removal,
    serving,
    trial,
)
from dai_nifi.flows.common import MODEL, RUNTIMES
from dai_nifi.flows.context import Context, asset_name
from dai_nifi.flows.deployed import Deployed
from dai_nifi.flows.planning import Plan, Request
from dai_nifi.flows.rest import canvas
from dai_nifi.progress import Progress, silent

__all__ = ["Deployment", "Request", "deploy"]


@dataclass(frozen=True)
class Deployment:
    """What a deployment came to; with ``dry_run`` the same as it would be, nothing changed."""

    name: str
    flow: str
    runtime: str
    action: str
    """created, updated, unchanged, or started: unchanged but for that it did not run"""
    changes: list[str]
    running: bool
    model: str | None
    parameters: dict[str, str | None]
    """Without the sensitive ones."""
    set_on_canvas: dict[str, str]
    """What is in effect in place of parameters, by their names: the scoring processor has values of its own."""
    endpoint: str | None
    """Where to POST rows, for flows that listen."""
    id: str | None
    url: str | None
    """The canvas."""
    dry_run: bool = False


def deploy(request: Request, progress: Progress = silent) -> Deployment:
    """Deploy a flow, or update the one of the same name; FlowFiles that are queued stay.

    What was edited on the canvas is carried over. A first deployment that fails leaves nothing behind, unless it is to
    be kept; after an update that fails the flow is as it was before. A dry run places the flow aside, stopped, has NiFi
    look at it, and removes it.

    Raises:
        UsageError: a parameter is unknown, missing or makes no sense.
        NotFoundError: no such template, or NiFi lacks a processor or controller service of it.
        ModelRefusedError: the model is none, or not one for the runtime.
        ConflictError: the name, or the port, is taken by something else; or what was edited cannot be carried over.
        BusyError: another command is changing the flow.
        InvalidFlowError: a component is not valid or does not start.
        NotRestoredError: an update failed, and the flow could not be put back.

    """
    name = request.called
    with suppress(NotPermittedError):
        trial.clear_left(name, request.timeout, progress)
    if request.dry_run:
        plan = planning.make(request, progress)
        if plan.changes:
            try:
                trial.run(plan, progress)
            except NotPermittedError:
                progress("NiFi does not let this user place a flow, so it was not tried out", None)
        return _outcome(plan, plan.there, plan.context, bool(plan.there and _runs(plan.there)), dry_run=True)
    with claims.claimed(name, "deploy", progress) as claim:
        plan = planning.make(request, progress)
        with claim.changing():
            if plan.there is None:
                return _place(plan, progress)
            return _update(plan, plan.there, progress)


def _place(plan: Plan, progress: Progress) -> Deployment:
    """Deploy for the first time."""
    current, flow = plan.context, None
    try:
        current = _set_context(plan, current or context.create(plan.name, plan.template), progress)
        progress(f"placing {plan.name} on the canvas", None)
        record.write(current, plan.shipped)
        flow = contents.place(plan, plan.name, current)
        running = _finish(plan, flow, current, progress)
    except ToolError as error:
        if plan.request.keep and flow is not None:
            error.args = (f"{error}\nThe flow {plan.name} is on the canvas, stopped.",)
            raise
        progress("removing what was placed", None)
        made = current or context.find(plan.name)
        removal.clear(flow, made.id if made is not None else None, plan.request.timeout)
        error.args = (f"{error}\nNothing of it is left in NiFi; with --keep it stays on the canvas to be looked at.",)
        raise
    return _outcome(plan, flow, current, running)


def _update(plan: Plan, flow: Deployed, progress: Progress) -> Deployment:
    """Bring a flow up to date; one that cannot be is put back."""
    was_running, ran = lifecycle.running(flow.id), _runs(flow)
    before = plan.context
    try:
        if plan.changes:
            progress(f"stopping {plan.name}", None)
            lifecycle.stop_entrances(flow, plan.request.timeout)
            lifecycle.stop_group(flow.id, plan.request.timeout)
        current = _set_context(plan, before or context.create(plan.name, plan.template), progress)
        if plan.replacement is not None:
            progress(f"replacing the contents of {plan.name}", None)
            record.write(current, plan.shipped)
            contents.replace(plan, flow, current)
        running = _finish(plan, flow, current, progress)
    except ToolError as error:
        if not plan.changes or before is None:
            raise
        _go_back(plan, flow, before, was_running, error, progress)
        raise
    context.remove_other_assets(current, context.record_name(plan.mark.template))
    done = _outcome(plan, deployed.find(plan.name), current, running)
    return replace(done, action="started") if running and not ran and not plan.changes else done


def _finish(plan: Plan, flow: Deployed, current: Context, progress: Progress) -> bool:
    """Check and start what is in its place; whether it runs."""
    timeout = plan.request.timeout
    if plan.template.check is not None and (plan.changes or not _runs(flow)):
        lifecycle.wait_until_valid(flow, timeout, progress)
        progress(f"checking what {plan.name} needs", None)
        plan.template.check(flow.id, current.values, timeout)
    if plan.request.start:
        lifecycle.start_group(flow, timeout, progress)
    else:
        lifecycle.wait_until_valid(flow, timeout, progress)
    return _runs(flow)


def _go_back(
    plan: Plan, flow: Deployed, before: Context, was_running: frozenset[str], error: ToolError, progress: Progress
) -> None:
    """Make a flow what it was before an update that failed, and add to the error what has become of it."""
    progress(f"putting {plan.name} back", None)
    try:
        lifecycle.stop_group(flow.id, plan.request.timeout)
        context.restore(before, plan.request.timeout)
        if plan.replacement is not None:
            contents.put_back(plan.replacement.before, flow, before, plan.request.timeout)
        if was_running:
            lifecycle.start_again(flow, was_running, plan.request.timeout, progress)
    except ToolError as second:
        raise NotRestoredError(
            f"{error}\nAnd {plan.name} could not be put back: {second}\nIt is on the canvas; see dai-nifi status "
            f"{plan.name}. Once it is put right, deploy again under the same name."
        ) from error
    context.remove_other_assets(context.read(before.id))
    secret = sorted(plan.template.sensitive & plan.values.keys())
    but = f", but for {', '.join(secret)}, whose old value NiFi does not tell" if secret else ""
    error.args = (f"{error}\n{plan.name} is as before{' and runs' if was_running else ''}{but}.",)


def _set_context(plan: Plan, current: Context, progress: Progress) -> Context:
    assets = {}
    for name, file in plan.files.items():
        progress(f"uploading {file.name}", None)
        assets[name] = context.upload(current, file)
    if assets or plan.values or plan.replacement is not None:
        progress("setting parameters", None)
        context.update(current, plan.template, plan.values, assets, plan.request.timeout)
    return context.read(current.id)


def _runs(flow: Deployed) -> bool:
    return all(one.component.state == "RUNNING" for one in deployed.processors(flow.id))


def _outcome(
    plan: Plan, flow: Deployed | None, current: Context | None, running: bool, dry_run: bool = False
) -> Deployment:
    shown: dict[str, str | None] = {}
    brought = {name: asset_name(file) for name, file in plan.files.items()}
    for one in plan.template.parameters:
        if one.name in plan.template.sensitive or one.name == MODEL.name:
            continue
        present = current.shown.get(one.name) if current else one.default
        shown[one.name] = brought.get(one.name, plan.values.get(one.name, present))
    model = brought.get(MODEL.name, planning.asset(current, MODEL.name))
    action = "created" if plan.there is None else "updated" if plan.changes else "unchanged"
    return Deployment(
        name=plan.name,
        flow=plan.request.flow,
        runtime=RUNTIMES[plan.mark.runtime].name,
        action=action,
        changes=plan.changes,
        running=running,
        model=model,
        parameters=shown,
        set_on_canvas=_set_on_canvas(flow) if flow else {},
        endpoint=serving.endpoint(shown),
        id=flow.id if flow else None,
        url=canvas(flow.id) if flow else None,
        dry_run=dry_run,
    )


def _set_on_canvas(flow: Deployed) -> dict[str, str]:
    own = RUNTIMES[flow.mark.runtime].processor
    return overrides.found(flow.mark, (one for one in deployed.processors(flow.id) if one.component.type == own))
