"""The plan of a deployment: everything is checked that can be, and nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.errors import UsageError
from dai_nifi.flows import settings, templates
from dai_nifi.flows.common import MODEL, Kind, Parameter, Template
from dai_nifi.flows.parts import Json
from dai_nifi.operations.canvas import assets, deployed, parameter_context
from dai_nifi.operations.canvas.deployed import DeployedFlow, Mark
from dai_nifi.operations.canvas.parameter_context import ParameterContext
from dai_nifi.operations.deployment import checks, components, replacement
from dai_nifi.operations.deployment.replacement import Replacement
from dai_nifi.operations.requirements import of_template, ports
from dai_scoring.progress import Progress


@dataclass(frozen=True)
class Request:
    """What to deploy; ``model`` may be left out for a flow that is deployed already.

    A ``runtime`` of None means that of the deployed flow if it takes the model, else the one that the model needs.
    """

    flow: str
    model: Path | None = None
    runtime: str | None = None
    name: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    start: bool = True
    dry_run: bool = False
    timeout: float = DEFAULT_TIMEOUT
    discard_edits: bool = False
    """Whether edits on the canvas are given up if the contents are replaced."""
    keep: bool = False
    """Whether a flow that cannot be deployed for the first time stays on the canvas, stopped."""

    @property
    def flow_name(self) -> str:
        """The name of the flow; raises UsageError if it is empty."""
        name = (self.name if self.name is not None else self.flow).strip()
        if not name:
            raise UsageError("The name of a flow must not be empty.")
        return name


@dataclass(frozen=True)
class Plan:
    """What a deployment will do."""

    request: Request
    name: str
    template: Template
    shipped: Json
    """The definition of the template."""
    wanted: Json
    """The same with the record services that are set."""
    present: DeployedFlow | None
    context: ParameterContext | None
    mark: Mark
    values: dict[str, str]
    files: dict[str, Path]
    """Those that NiFi does not have yet, by the parameter that is to refer to each."""
    replacement: Replacement | None
    """The new contents of a flow that is there, if it is to have others."""
    changes: list[str]

    def definition(self, name: str, context_name: str, comments: bool = True) -> Json:
        """The definition to import, for a group of that name bound to the parameter context of that name."""
        found = self.replacement.definition if self.replacement is not None else self.wanted
        contents = {**found["flowContents"], "name": name, "parameterContextName": context_name}
        if comments:
            contents["comments"] = self.mark.comments(contents["comments"])
        of_context = found["parameterContexts"][found["flowContents"]["parameterContextName"]]
        return {
            **found,
            "flowContents": contents,
            "parameterContexts": {context_name: {**of_context, "name": context_name}},
        }


def make_plan(request: Request, progress: Progress) -> Plan:
    """Check everything; raises what :func:`dai_nifi.operations.deploy.deploy` raises before it changes anything."""
    progress("checking model, parameters and NiFi", None)
    template = templates.template(request.flow)
    name = request.flow_name
    flow = deployed.find_or_none(name)
    runtime = request.runtime or checks.runtime_for(request.model, flow.mark.runtime if flow else None)
    shipped = templates.definition(request.flow, runtime)
    template = template.with_runtime(runtime)
    request = replace(request, parameters=checks.spelled(template, request.parameters))
    mark = Mark(request.flow, runtime, templates.fingerprint(shipped))
    found = _context(name, flow)
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
    template.validate({**defaults, **present, **given})
    given = {**of_template.supply(template, {**defaults, **present, **given}, progress), **given}
    files = {**{one.name: Path(given.pop(one.name)) for one in _files(template) if one.name in given}, **files}
    if request.model is None and not present.get(MODEL.name) and asset_name_of(found, MODEL.name) is None:
        raise UsageError(f"The flow {name!r} has no model yet: give it one with --model FILE.")
    checks.check_installed(runtime)
    components.check(request.flow, shipped)
    if found is not None:
        # An earlier version of the template may have had fewer parameters.
        given = {**{name: value for name, value in defaults.items() if name not in present}, **given}
        given = parameter_context.differences(found, template, given)
        files = {key: file for key, file in files.items() if asset_name_of(found, key) != assets.name_of(file)}
    values = {**defaults, **present, **given}
    checks.check_services(template, values)
    ports.check(values, flow)
    wanted = settings.with_services(shipped, values)
    instead = None
    if flow is not None and (flow.mark != mark or request.parameters):
        instead = replacement.prepare(flow, found, shipped, wanted, request.parameters.keys(), request.discard_edits)
        if flow.mark == mark and not instead.needed:
            instead = None
    plan = Plan(request, name, template, shipped, wanted, flow, found, mark, given, files, instead, [])
    plan.changes.extend(_changes(plan))
    return plan


def _context(name: str, flow: DeployedFlow | None) -> ParameterContext | None:
    """The parameter context that a flow is bound to, whatever that is called, or the one that is meant for its name."""
    if flow is not None and flow.context_id is not None:
        return parameter_context.read(flow.context_id)
    return parameter_context.find(name)


def _files(template: Template) -> list[Parameter]:
    return [one for one in template.parameters if one.kind in (Kind.ASSET, Kind.MODEL)]


def _from_environment(template: Template) -> dict[str, str]:
    named = {one.name: os.environ.get(one.variable, "").strip() for one in template.parameters if one.variable}
    return {name: value for name, value in named.items() if value}


def asset_name_of(current: ParameterContext | None, parameter: str) -> str | None:
    """The name of the asset that a parameter refers to, if there is one."""
    found = current.assets.get(parameter) if current is not None else None
    return found.name if found is not None else None


def _changes(plan: Plan) -> list[str]:
    changes = []
    if plan.present is None:
        changes.append(f"place the flow {plan.request.flow} ({plan.mark.runtime}) on the canvas as {plan.name}")
    elif plan.replacement is not None:
        old = plan.present.mark
        if old == plan.mark:
            changes.append("replace its contents: a property that a parameter should set has another value now")
        elif (old.flow, old.runtime) == (plan.mark.flow, plan.mark.runtime):
            changes.append("replace its contents: the template has changed since")
        else:
            changes.append(
                f"replace its contents: {old.flow} ({old.runtime}) by {plan.mark.flow} ({plan.mark.runtime})"
            )
        changes.extend(plan.replacement.notes)
    for name, file in plan.files.items():
        changes.append(f"use the {'model' if name == MODEL.name else name} {assets.name_of(file)}")
    for name, value in plan.values.items():
        shown = _not_shown(plan) if name in plan.template.sensitive else value
        changes.append(f"set {name} to {shown}" if shown else f"remove the value of {name}")
    if changes and plan.present is not None:
        changes.extend(
            f"change the parameters for {other} too, which has the same parameter context"
            for other in deployed.other_users(plan.present.context_id, plan.present.id)
        )
    return changes


def _not_shown(plan: Plan) -> str:
    if plan.context is None:
        return "(not shown)"
    return "(not shown; NiFi never returns secrets, so it is set again with every deployment, and the flow restarts)"
