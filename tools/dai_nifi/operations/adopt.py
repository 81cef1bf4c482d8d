"""Turns a flow that was imported on the canvas by hand into a deployed flow with its own parameters."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dai_nifi.client import api
from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.errors import ConflictError, NotFoundError, UsageError
from dai_nifi.flows import templates
from dai_nifi.flows.common import RUNTIMES, Template
from dai_nifi.flows.parts import Json
from dai_nifi.operations.canvas import assets, controller_services, deployed, parameter_context, scheduling
from dai_nifi.operations.canvas.deployed import DeployedFlow, Mark
from dai_nifi.operations.canvas.parameter_context import ParameterContext
from dai_nifi.operations.changes import lease
from dai_nifi.operations.deployment import definition_store, edits, replacement
from dai_scoring.progress import Progress, silent


@dataclass(frozen=True)
class Adopted:
    """A process group that has become a deployed flow."""

    name: str
    id: str
    flow: str
    runtime: str
    changed: bool
    """False if it was deployed, or adopted, before."""
    parted_from: list[str] = field(default_factory=list)
    """What had the same parameters, which have been copied for this one."""
    edits: list[str] = field(default_factory=list)
    """How it differs from the template; later deployments keep that."""


@dataclass(frozen=True)
class _Origin:
    """The template that a group was imported from, as it was then."""

    mark: Mark
    definition: Json
    found: list[edits.Edit]


def adopt(
    reference: str, name: str | None = None, timeout: float = DEFAULT_TIMEOUT, progress: Progress = silent
) -> Adopted:
    """Make a process group a deployed flow.

    It runs on unchanged. Only if something else has the same parameter context, the flow is stopped for a moment and
    gets a copy of it.

    Args:
        reference: the name or the id of the group, wherever it is on the canvas.
        name: what it is to be called; without, it keeps its name.
        timeout: seconds to wait for each thing that NiFi does.
        progress: gets each step.

    Raises:
        NotFoundError: there is no such group, or it was not imported from a shipped flow.
        ConflictError: several groups have that name, or the name is taken by another flow.
        UsageError: a secret has to be set again, since NiFi does not return it.
        BusyError: another command is changing the flow.

    """
    group = _group(reference)
    called = (name if name is not None else group.component.name).strip()
    if not called:
        raise UsageError("The name of a flow must not be empty.")
    origin = _origin(group)
    bound = group.component.parameter_context
    shares = deployed.other_users(bound.id, group.id) if bound is not None else []
    done = Adopted(
        called,
        group.id,
        origin.mark.flow,
        origin.mark.runtime,
        True,
        shares,
        [one.says for one in origin.found if not one.is_cosmetic],
    )
    present = deployed.from_entity(group)
    if present is not None and called == group.component.name and bound is not None and not shares:
        return Adopted(called, group.id, present.mark.flow, present.mark.runtime, False)
    if any(one.name == called and one.id != group.id for one in deployed.find_all()):
        raise ConflictError(f"A flow {called!r} is deployed already. Give this one another name with --name.")
    with lease.hold(called, "adopt", progress) as held, held.changing():
        template = templates.template(origin.mark.flow).with_runtime(origin.mark.runtime)
        flow = DeployedFlow(called, group.id, origin.mark, bound.id if bound is not None else None)
        own = _own_context(flow, template, bool(shares), timeout, progress)
        definition_store.write(own, origin.definition)
        summary = origin.definition["flowContents"]["comments"]
        api.canvas.update_process_group(
            deployed.group(flow),
            {"name": called, "comments": origin.mark.comments(summary)},
            identifier_type="id",
        )
    return done


def _group(reference: str) -> Any:
    calls = api.process_groups
    found = api.flow.search_flow(q=reference).search_results_dto.process_group_results or []
    exact = [one for one in found if reference in (one.id, one.name)]
    if len(exact) == 1:
        return calls.get_process_group(exact[0].id)
    if not exact:
        raise NotFoundError(f"There is no process group {reference!r} in this NiFi.")
    ids = ", ".join(f"{one.id} in {one.parent_group.name if one.parent_group else 'the root'}" for one in exact)
    raise ConflictError(f"{len(exact)} process groups are called {reference!r}. Say which by its id: {ids}.")


def _origin(group: Any) -> _Origin:
    """The template that has the group's components, in the version that differs least from the group."""
    contents = replacement.export(group.id)["flowContents"]
    live = replacement.component_values(group.id)
    there = {one["identifier"]: one["type"] for one in contents["processors"]}
    matching = [
        _Origin(mark, definition, edits.differences(definition["flowContents"], contents, live))
        for mark, definition in _known()
        if _scoring_processors(definition).items() <= there.items()
    ]
    if not matching:
        raise NotFoundError(
            f"The process group {group.component.name!r} was not imported from a shipped flow: it does not have the "
            f"scoring processors of {', '.join(templates.TEMPLATES)} with the identities that these have. A copy that "
            "was made on the canvas does not have them either: import the flow again, or deploy it."
        )
    return min(matching, key=lambda one: len(one.found))


def _known() -> Iterator[tuple[Mark, Json]]:
    """The shipped definitions, those of today first, and which each is."""
    for name, template in templates.TEMPLATES.items():
        for runtime in template.runtimes:
            definition = templates.definition(name, runtime)
            yield Mark(name, runtime, templates.fingerprint(definition)), definition
    runtimes = {one.processor: one.name for one in RUNTIMES.values()}
    for fingerprint, definition in definition_store.earlier().items():
        kinds = set(_scoring_processors(definition).values())
        yield Mark(definition["flowContents"]["name"], runtimes[kinds.pop()], fingerprint), definition


def _scoring_processors(definition: Json) -> dict[str, str]:
    """The scoring processors of a definition: identifier and type."""
    own = {one.processor for one in RUNTIMES.values()}
    return {one["identifier"]: one["type"] for one in definition["flowContents"]["processors"] if one["type"] in own}


def _own_context(
    flow: DeployedFlow, template: Template, shared: bool, timeout: float, progress: Progress
) -> ParameterContext:
    """A parameter context that is the flow's alone: the one that it has, renamed, or a copy."""
    if flow.context_id is not None and not shared:
        if parameter_context.read(flow.context_id).name != deployed.context_name(flow.name):
            _check_free(flow.name)
            parameter_context.rename(flow.context_id, flow.name)
        return parameter_context.read(flow.context_id)
    _check_free(flow.name)
    present = parameter_context.read(flow.context_id) if flow.context_id is not None else None
    secrets = _secrets(template, present)
    progress(f"giving {flow.name} its own parameters", None)
    own = parameter_context.create(flow.name, template)
    if present is not None:
        with tempfile.TemporaryDirectory() as folder:
            copies = {
                name: assets.upload_as(
                    own.id, assets.download(present.id, asset, Path(folder)).read_bytes(), asset.name
                )
                for name, asset in present.assets.items()
            }
        readable = {
            name: value or ""
            for name, value in present.values.items()
            if name not in present.sensitive and name not in copies
        }
        parameter_context.update(own, template, {**readable, **secrets}, copies, timeout)
    ran = scheduling.running_ids(flow.id)
    scheduling.stop_group(flow.id, timeout)
    controller_services.set_state(flow.id, "DISABLED", timeout)
    api.parameters.assign_context_to_process_group(deployed.group(flow), own.id)
    if ran:
        scheduling.restart(flow, ran, timeout, progress)
    return parameter_context.read(own.id)


def _check_free(name: str) -> None:
    if parameter_context.find(name) is not None:
        raise ConflictError(
            f"There is a parameter context {deployed.context_name(name)!r} already. Give the flow another name with "
            "--name."
        )


def _secrets(template: Template, present: ParameterContext | None) -> dict[str, str]:
    """The sensitive values that are set, from the environment; raises UsageError for those that are not there."""
    found = {}
    for one in template.parameters:
        if one.name in template.sensitive and present is not None and present.values.get(one.name):
            value = os.environ.get(one.variable or "", "").strip()
            if not value:
                raise UsageError(
                    f"{one.name} is set, and NiFi never returns secrets, so it cannot be copied. Put it into the "
                    f"environment variable {one.variable}, and adopt the flow again."
                )
            found[one.name] = value
    return found
