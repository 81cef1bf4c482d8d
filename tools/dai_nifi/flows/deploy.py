"""Bringing a flow and its model to a NiFi, or up to date in one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nipyapi
import nipyapi.layout

from dai_nifi.errors import UsageError
from dai_nifi.flows import checks, claims, components, context, deployed, lifecycle, serving, templates
from dai_nifi.flows.builder import Json
from dai_nifi.flows.common import MODEL, RUNTIMES, Kind, Parameter, Template
from dai_nifi.flows.context import Context, asset_name
from dai_nifi.flows.deployed import Deployed, Mark
from dai_nifi.flows.rest import DEFAULT_TIMEOUT, canvas, finish_request, nifi_calls
from dai_nifi.progress import Progress, silent


@dataclass(frozen=True)
class Request:
    """What is to be deployed; ``model`` may be left out for a flow that is there already.

    A ``runtime`` of None is that of the flow that is there if it takes the model, else the one that the model needs.
    """

    flow: str
    model: Path | None = None
    runtime: str | None = None
    name: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    start: bool = True
    dry_run: bool = False
    timeout: float = DEFAULT_TIMEOUT


@dataclass(frozen=True)
class Deployment:
    """What a deployment came to; with ``dry_run`` the same as it would be, nothing changed."""

    name: str
    flow: str
    runtime: str
    action: str
    """created, updated or unchanged"""
    changes: list[str]
    running: bool
    model: str | None
    parameters: dict[str, str | None]
    """Without the sensitive ones."""
    endpoint: str | None
    """Where to POST rows, for flows that listen."""
    id: str | None
    url: str | None
    """The canvas."""
    dry_run: bool = False


@dataclass(frozen=True)
class _Plan:
    request: Request
    name: str
    template: Template
    there: Deployed | None
    context: Context | None
    mark: Mark
    values: dict[str, str]
    files: dict[str, Path]
    """Those that NiFi does not have yet, by the parameter that is to refer to each."""
    changes: list[str]

    @property
    def replaces(self) -> bool:
        return self.there is not None and self.there.mark != self.mark


def deploy(request: Request, progress: Progress = silent) -> Deployment:
    """Deploy a flow, or update the one of the same name; FlowFiles that are queued stay.

    Raises:
        UsageError: a parameter is unknown, missing or makes no sense.
        NotFoundError: no such template, or NiFi lacks a processor or controller service of it.
        ModelRefusedError: the model is none, or not one for the runtime.
        ConflictError: the name, or the port, is taken by something else.
        BusyError: another command is changing the flow.
        InvalidFlowError: a component is not valid or does not start; the flow is there, stopped.

    """
    name = _name(request)
    if request.dry_run:
        plan = _plan(request, progress)
        return _outcome(plan, plan.there, plan.context, bool(plan.there and _runs(plan.there)), dry_run=True)
    with claims.claimed(name, "deploy", progress) as claim:
        plan = _plan(request, progress)
        with claim.changing():
            return _carry_out(plan, progress)


def _name(request: Request) -> str:
    name = (request.name if request.name is not None else request.flow).strip()
    if not name:
        raise UsageError("The name of a flow must not be empty.")
    return name


def _carry_out(plan: _Plan, progress: Progress) -> Deployment:
    request = plan.request
    if plan.there is not None and plan.changes:
        progress(f"stopping {plan.name}", None)
        lifecycle.stop_entrances(plan.there, request.timeout)
        lifecycle.stop_group(plan.there.id, request.timeout)
    current = _set_context(plan, progress)
    flow = plan.there
    if flow is None:
        progress(f"placing {plan.name} on the canvas", None)
        flow = _import(plan)
    elif plan.replaces:
        progress(f"replacing the contents of {plan.name}", None)
        _replace(plan, flow)
        flow = deployed.find(plan.name)
    if plan.template.check is not None and (plan.changes or not _runs(flow)):
        lifecycle.wait_until_valid(flow, request.timeout, progress)
        progress(f"checking what {plan.name} needs", None)
        plan.template.check(flow.id, current.values, request.timeout)
    if request.start:
        lifecycle.start_group(flow, request.timeout, progress)
    else:
        lifecycle.wait_until_valid(flow, request.timeout, progress)
    return _outcome(plan, flow, current, _runs(flow))


def _plan(request: Request, progress: Progress) -> _Plan:
    progress("checking model, parameters and NiFi", None)
    template = templates.template(request.flow)
    name = _name(request)
    there = deployed.find_own(name)
    runtime = request.runtime or checks.runtime_for(request.model, there.mark.runtime if there else None)
    shipped = templates.definition(request.flow, runtime)
    template = template.with_runtime(runtime)
    mark = Mark(request.flow, runtime, templates.fingerprint(shipped))
    found = context.find(name)
    present = found.values if found else {}
    checks.check_values(template, request.parameters, present)
    files = {one.name: Path(request.parameters[one.name]) for one in _files(template) if one.name in request.parameters}
    if request.model is not None:
        files[MODEL.name] = request.model
    for one in _files(template):
        if one.kind is Kind.MODEL and one.name in files:
            checks.check_model(files[one.name], runtime)
    defaults = {one.name: one.default for one in template.parameters if one.default is not None}
    given = {**_from_environment(template), **request.parameters}
    if template.supply is not None:
        given = {**template.supply({**defaults, **present, **given}, progress), **given}
    files = {**{one.name: Path(given.pop(one.name)) for one in _files(template) if one.name in given}, **files}
    if request.model is None and (found is None or found.model() is None):
        raise UsageError(f"The flow {name!r} has no model yet: give it one with --model FILE.")
    checks.check_installed(runtime)
    components.check(request.flow, shipped)
    if found is not None:
        # An earlier version of the template may have had fewer parameters.
        given = {**{name: value for name, value in defaults.items() if name not in present}, **given}
        given = context.differences(found, template, given)
        files = {key: file for key, file in files.items() if _asset(found, key) != asset_name(file)}
    plan = _Plan(request, name, template, there, found, mark, given, files, [])
    plan.changes.extend(_changes(plan))
    return plan


def _files(template: Template) -> list[Parameter]:
    return [one for one in template.parameters if one.kind in (Kind.ASSET, Kind.MODEL)]


def _from_environment(template: Template) -> dict[str, str]:
    named = {one.name: os.environ.get(one.variable, "").strip() for one in template.parameters if one.variable}
    return {name: value for name, value in named.items() if value}


def _asset(current: Context | None, parameter: str) -> str | None:
    found = current.assets.get(parameter) if current is not None else None
    return found.name if found is not None else None


def _changes(plan: _Plan) -> list[str]:
    changes = []
    if plan.there is None:
        changes.append(f"place the flow {plan.request.flow} ({plan.mark.runtime}) on the canvas as {plan.name}")
    elif plan.replaces:
        old = plan.there.mark
        if (old.flow, old.runtime) == (plan.mark.flow, plan.mark.runtime):
            changes.append("replace its contents: the template has changed since")
        else:
            changes.append(
                f"replace its contents: {old.flow} ({old.runtime}) by {plan.mark.flow} ({plan.mark.runtime})"
            )
    for name, file in plan.files.items():
        changes.append(f"use the {'model' if name == MODEL.name else name} {asset_name(file)}")
    for name, value in plan.values.items():
        shown = _not_shown(plan) if name in plan.template.sensitive else value
        changes.append(f"set {name} to {shown}")
    return changes


def _not_shown(plan: _Plan) -> str:
    if plan.context is None:
        return "(not shown)"
    return "(not shown; NiFi gives back no secrets, so it is set again with every deployment, and the flow restarts)"


def _set_context(plan: _Plan, progress: Progress) -> Context:
    current = plan.context or context.create(plan.name, plan.template)
    assets = {}
    for name, file in plan.files.items():
        progress(f"uploading {file.name}", None)
        assets[name] = context.upload(current, file)
    if assets or plan.values or plan.replaces:
        progress("setting parameters", None)
        context.update(current, plan.template, plan.values, assets, plan.request.timeout)
    current = context.read(current.id)
    if assets:
        context.remove_other_assets(current)
    return current


def _definition(plan: _Plan) -> Json:
    """The shipped definition, named for this deployment and bound to its parameter context."""
    shipped = templates.definition(plan.request.flow, plan.mark.runtime)
    contents = shipped["flowContents"]
    own = deployed.context_name(plan.name)
    shipped["parameterContexts"] = {
        own: {**shipped["parameterContexts"][contents["parameterContextName"]], "name": own}
    }
    contents["parameterContextName"] = own
    contents["name"] = plan.name
    contents["comments"] = plan.mark.comments(contents["comments"])
    return shipped


def _import(plan: _Plan) -> Deployed:
    with nifi_calls():
        root = nipyapi.canvas.get_root_pg_id()
        nipyapi.versioning.import_process_group_definition(
            nipyapi.nifi.ProcessGroupsApi().get_process_group(root),
            flow_definition=nipyapi.utils.dump(_definition(plan)),
            position=nipyapi.layout.suggest_pg_position(root),
        )
    return deployed.find(plan.name)


def _replace(plan: _Plan, flow: Deployed) -> None:
    calls = nipyapi.nifi.ProcessGroupsApi()
    lifecycle.set_services(flow.id, "DISABLED", plan.request.timeout)
    definition = _definition(plan)
    group = deployed.group(flow)
    # Where a person has put it on the canvas, it stays.
    definition["flowContents"]["position"] = {"x": group.component.position.x, "y": group.component.position.y}
    body: Any = {
        "processGroupRevision": {"version": group.revision.version},
        "versionedFlowSnapshot": definition,
    }
    with nifi_calls():
        request = calls.initiate_replace_process_group(body, flow.id).request.request_id
        finish_request(
            lambda: calls.get_replace_process_group_request(request),
            lambda: calls.delete_replace_process_group_request(request),
            f"replace the contents of {plan.name!r}",
            plan.request.timeout,
        )
        # The comments belong to the group itself; with them the new contents are on record, so they come last.
        nipyapi.canvas.update_process_group(
            deployed.group(flow), {"comments": definition["flowContents"]["comments"]}, identifier_type="id"
        )


def _runs(flow: Deployed) -> bool:
    return all(one.component.state == "RUNNING" for one in deployed.processors(flow.id))


def _outcome(
    plan: _Plan, flow: Deployed | None, current: Context | None, running: bool, dry_run: bool = False
) -> Deployment:
    shown: dict[str, str | None] = {}
    brought = {name: asset_name(file) for name, file in plan.files.items()}
    for one in plan.template.parameters:
        if one.name in plan.template.sensitive or one.name == MODEL.name:
            continue
        present = current.shown.get(one.name) if current else one.default
        shown[one.name] = brought.get(one.name, plan.values.get(one.name, present))
    model = brought.get(MODEL.name, _asset(current, MODEL.name))
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
        endpoint=serving.endpoint(shown),
        id=flow.id if flow else None,
        url=canvas(flow.id) if flow else None,
        dry_run=dry_run,
    )
