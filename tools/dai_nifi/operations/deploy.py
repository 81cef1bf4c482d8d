"""Deploying a flow with its model, or updating it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from dai_nifi.client import api
from dai_nifi.errors import NotPermittedError, NotRestoredError, ToolError
from dai_nifi.flows.common import MODEL, RUNTIMES
from dai_nifi.flows.realtime import requests
from dai_nifi.operations.canvas import assets, deployed, overrides, parameter_context, scheduling, validity
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.operations.canvas.parameter_context import ParameterContext
from dai_nifi.operations.changes import lease
from dai_nifi.operations.deployment import contents, definition_store, dry_run, planning, removal
from dai_nifi.operations.deployment.planning import Plan, Request
from dai_nifi.operations.requirements import of_template
from dai_scoring.progress import Progress, silent

__all__ = ["Deployment", "Request", "deploy"]


@dataclass(frozen=True)
class Deployment:
    """The result of a deployment; with ``dry_run`` what it would be, nothing changed."""

    name: str
    flow: str
    runtime: str
    action: str
    """created, updated, unchanged, or started: unchanged, but it did not run before"""
    changes: list[str]
    running: bool
    model: str | None
    parameters: dict[str, str | None]
    """Without the sensitive ones."""
    set_on_canvas: dict[str, str]
    """Values that are set in the scoring processor itself and replace those of parameters, by the parameters' names."""
    endpoint: str | None
    """Where to POST rows, for flows that listen."""
    id: str | None
    url: str | None
    """The canvas."""
    dry_run: bool = False


def deploy(request: Request, progress: Progress = silent) -> Deployment:
    """Deploy a flow, or update the one of the same name; FlowFiles that are queued stay.

    What was edited on the canvas is carried over. A first deployment that fails leaves nothing behind, unless ``keep``
    is set; after an update that fails the flow is as it was before. A dry run imports the flow under another name,
    stopped, lets NiFi validate it, and removes it.

    Raises:
        UsageError: a parameter is unknown, missing or makes no sense.
        NotFoundError: no such template, or NiFi lacks a processor or controller service of it.
        ModelRefusedError: the file is not a model, or not one for the runtime.
        ConflictError: the name, or the port, is taken by something else; or what was edited cannot be carried over.
        BusyError: another command is changing the flow.
        InvalidFlowError: a component is not valid or does not start.
        NotRestoredError: an update failed, and the flow could not be put back.

    """
    name = request.flow_name
    with suppress(NotPermittedError):
        dry_run.remove_left_over(name, request.timeout, progress)
    if request.dry_run:
        plan = planning.make_plan(request, progress)
        if plan.changes:
            try:
                dry_run.run(plan, progress)
            except NotPermittedError:
                progress("NiFi does not let this user place a flow, so it was not tried", None)
        return _outcome(plan, plan.present, plan.context, bool(plan.present and _runs(plan.present)), dry_run=True)
    with lease.hold(name, "deploy", progress) as held:
        plan = planning.make_plan(request, progress)
        with held.changing():
            if plan.present is None:
                return _place(plan, progress)
            return _update(plan, plan.present, progress)


def _place(plan: Plan, progress: Progress) -> Deployment:
    """Deploy for the first time."""
    current, flow = plan.context, None
    try:
        current = _set_context(plan, current or parameter_context.create(plan.name, plan.template), progress)
        progress(f"placing {plan.name} on the canvas", None)
        definition_store.write(current, plan.shipped)
        flow = contents.import_flow(plan, plan.name, current)
        running = _finish(plan, flow, current, progress)
    except ToolError as error:
        if plan.request.keep and flow is not None:
            error.args = (f"{error}\nThe flow {plan.name} is on the canvas, stopped.",)
            raise
        progress("removing what was placed", None)
        made = current or parameter_context.find(plan.name)
        removal.clean_up(flow, made.id if made is not None else None, plan.request.timeout)
        error.args = (
            f"{error}\nNothing of it is left in NiFi; with --keep it stays on the canvas, so that you can look at it.",
        )
        raise
    return _outcome(plan, flow, current, running)


def _update(plan: Plan, flow: DeployedFlow, progress: Progress) -> Deployment:
    """Update a flow, or restore it if that fails."""
    was_running, ran = scheduling.running_ids(flow.id), _runs(flow)
    before = plan.context
    try:
        if plan.changes:
            progress(f"stopping {plan.name}", None)
            scheduling.stop_entrances(flow, plan.request.timeout)
            scheduling.stop_group(flow.id, plan.request.timeout)
        current = _set_context(plan, before or parameter_context.create(plan.name, plan.template), progress)
        if plan.replacement is not None:
            progress(f"replacing the contents of {plan.name}", None)
            definition_store.write(current, plan.shipped)
            contents.replace(plan, flow, current)
        running = _finish(plan, flow, current, progress)
    except ToolError as error:
        if not plan.changes or before is None:
            raise
        _go_back(plan, flow, before, was_running, error, progress)
        raise
    parameter_context.remove_unused_assets(current, assets.definition_name(plan.mark.template))
    done = _outcome(plan, deployed.find(plan.name), current, running)
    return replace(done, action="started") if running and not ran and not plan.changes else done


def _finish(plan: Plan, flow: DeployedFlow, current: ParameterContext, progress: Progress) -> bool:
    """Check and start a flow; returns whether it runs."""
    timeout = plan.request.timeout
    if of_template.needs_check(plan.template) and (plan.changes or not _runs(flow)):
        validity.wait_until_valid(flow, timeout, progress)
        progress(f"checking what {plan.name} needs", None)
        of_template.check(plan.template, flow.id, current.values, timeout)
    if plan.request.start:
        scheduling.start_flow(flow, timeout, progress)
    else:
        validity.wait_until_valid(flow, timeout, progress)
    return _runs(flow)


def _go_back(
    plan: Plan,
    flow: DeployedFlow,
    before: ParameterContext,
    was_running: frozenset[str],
    error: ToolError,
    progress: Progress,
) -> None:
    """Restore a flow after an update that failed, and say so in the error."""
    progress(f"putting {plan.name} back", None)
    try:
        scheduling.stop_group(flow.id, plan.request.timeout)
        parameter_context.restore(before, plan.request.timeout)
        if plan.replacement is not None:
            contents.restore(plan.replacement.before, flow, before, plan.request.timeout)
        if was_running:
            scheduling.restart(flow, was_running, plan.request.timeout, progress)
    except ToolError as second:
        raise NotRestoredError(
            f"{error}\nAnd {plan.name} could not be put back: {second}\nIt is on the canvas; see dai-nifi status "
            f"{plan.name}. Once that is fixed, deploy again under the same name."
        ) from error
    parameter_context.remove_unused_assets(parameter_context.read(before.id))
    secret = sorted(plan.template.sensitive & plan.values.keys())
    but = f", but for {', '.join(secret)}, whose old value NiFi does not show" if secret else ""
    error.args = (f"{error}\n{plan.name} is as before{' and runs' if was_running else ''}{but}.",)


def _set_context(plan: Plan, current: ParameterContext, progress: Progress) -> ParameterContext:
    uploaded = {}
    for name, file in plan.files.items():
        progress(f"uploading {file.name}", None)
        uploaded[name] = assets.upload(current.id, file)
    if uploaded or plan.values or plan.replacement is not None:
        progress("setting parameters", None)
        parameter_context.update(current, plan.template, plan.values, uploaded, plan.request.timeout)
    return parameter_context.read(current.id)


def _runs(flow: DeployedFlow) -> bool:
    return all(one.component.state == "RUNNING" for one in deployed.processors(flow.id))


def _outcome(
    plan: Plan, flow: DeployedFlow | None, current: ParameterContext | None, running: bool, dry_run: bool = False
) -> Deployment:
    shown: dict[str, str | None] = {}
    brought = {name: assets.name_of(file) for name, file in plan.files.items()}
    for one in plan.template.parameters:
        if one.name in plan.template.sensitive or one.name == MODEL.name:
            continue
        present = current.shown.get(one.name) if current else one.default
        shown[one.name] = brought.get(one.name, plan.values.get(one.name, present))
    model = brought.get(MODEL.name, planning.asset_name_of(current, MODEL.name))
    action = "created" if plan.present is None else "updated" if plan.changes else "unchanged"
    return Deployment(
        name=plan.name,
        flow=plan.request.flow,
        runtime=RUNTIMES[plan.mark.runtime].name,
        action=action,
        changes=plan.changes,
        running=running,
        model=model,
        parameters=shown,
        set_on_canvas=overrides.read(flow, deployed.processors(flow.id)) if flow else {},
        endpoint=requests.endpoint(shown),
        id=flow.id if flow else None,
        url=api.canvas_address(flow.id) if flow else None,
        dry_run=dry_run,
    )
