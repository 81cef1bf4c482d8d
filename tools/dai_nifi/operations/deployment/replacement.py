"""New contents for a deployed flow: those of the template, with the edits from the canvas."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from dai_nifi.client import api
from dai_nifi.errors import ConflictError
from dai_nifi.flows import settings, templates
from dai_nifi.flows.parts import Json
from dai_nifi.operations.canvas import controller_services, deployed
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.operations.canvas.parameter_context import ParameterContext
from dai_nifi.operations.deployment import definition_store, edits
from dai_nifi.operations.deployment.edits import ComponentValues, Edit


@dataclass(frozen=True)
class Replacement:
    """A definition for a deployed flow, and what it does to the edits there."""

    definition: Json
    before: Json
    """What the flow has now."""
    notes: list[str]
    """What is kept, given up or put back, for the list of changes."""
    needed: bool
    """Whether it puts a reference to a parameter back, or takes one away, that is otherwise now."""


def prepare(
    flow: DeployedFlow,
    current: ParameterContext | None,
    shipped: Json,
    wanted: Json,
    asked: Collection[str],
    discard: bool,
) -> Replacement:
    """Carry what was edited on the canvas over to the shipped definition.

    Args:
        flow: as it is deployed.
        current: its parameter context.
        shipped: the definition of the template.
        wanted: the same as it is to be deployed.
        asked: the parameters that this deployment sets: a property that refers to one of them in the template does so
            again, whatever was put there on the canvas.
        discard: whether what cannot be carried over is given up; without, that is a ConflictError.

    """
    now = export(flow.id)
    base = definition_store.read(current, flow.mark.template)
    if base is None and flow.mark.template == templates.fingerprint(shipped):
        base = shipped
    found = edits.differences((base or shipped)["flowContents"], now["flowContents"], component_values(flow.id))
    definition: Json = json.loads(json.dumps(wanted))
    # The choice of record services is not an edit: the tool itself sets those references.
    services = {one.name for one in settings.SERVICES}
    found = [one for one in found if not (one.is_property and edits.referenced_parameter(one.value) in services)]
    references = _references(wanted["flowContents"], asked)
    put_back = [one for one in found if (one.identifier, one.field) in references]
    rest = [one for one in found if one not in put_back]
    notes = [f"put #{{{references[one.identifier, one.field]}}} back: {one.says}" for one in put_back]
    needed = bool(put_back) or _references(now["flowContents"], services) != _references(
        wanted["flowContents"], services
    )
    if discard:
        notes += [f"give up what was edited on the canvas: {one.says}" for one in rest if not one.is_cosmetic]
        return Replacement(definition, now, notes, needed)
    if base is None and any(not one.is_cosmetic for one in rest):
        raise _unknown(flow, rest)
    gone, rest = _of_other_runtime(rest, base or shipped, shipped)
    made, left = edits.apply(rest, definition["flowContents"])
    if left:
        lines = "\n  ".join(left)
        raise ConflictError(
            f"What was edited in {flow.name} on the canvas cannot all be carried over to the template of today. "
            f"Nothing was changed. Undo this on the canvas, or give up every edit with --discard-edits:\n  {lines}"
        )
    notes += [f"keep what was edited on the canvas: {one.says}" for one in made if not one.is_cosmetic]
    notes += [f"leave out, since the other runtime does not have it: {one.says}" for one in gone]
    places = sum(one.is_cosmetic for one in made)
    if places:
        notes.append(f"keep {places} place(s) and look(s) that were changed on the canvas")
    return Replacement(definition, now, notes, needed)


def export(group_id: str) -> Json:
    """What a process group has, as NiFi downloads it."""
    with api.unparsed(api.process_groups.export_process_group, group_id, include_referenced_services=False) as answer:
        found: Json = json.loads(answer.read())
    return found


def _unknown(flow: DeployedFlow, found: list[Edit]) -> ConflictError:
    lines = "\n  ".join(one.says for one in found if not one.is_cosmetic)
    return ConflictError(
        f"{flow.name} was deployed from a template that this version does not know, so it is unknown what was edited "
        f"on the canvas since. Nothing was changed. This differs from the template of today; --discard-edits replaces "
        f"it:\n  {lines}"
    )


def _references(contents: Json, asked: Collection[str]) -> dict[tuple[str, str], str]:
    """The parameter of each property, by component and name, that refers to one of these."""
    return {
        (one["identifier"], name): parameter
        for kind in ("processors", "controllerServices")
        for one in contents[kind]
        for name, value in one["properties"].items()
        if (parameter := edits.referenced_parameter(value)) in asked and parameter is not None
    }


def _of_other_runtime(found: list[Edit], base: Json, shipped: Json) -> tuple[list[Edit], list[Edit]]:
    """Those edits of properties that the processor of another runtime does not have, and the others."""
    was = {one["identifier"]: one["type"] for one in base["flowContents"]["processors"]}
    to_come = {one["identifier"]: one for one in shipped["flowContents"]["processors"]}

    def is_gone(edit: Edit) -> bool:
        target = to_come.get(edit.identifier)
        return (
            edit.is_property
            and target is not None
            and target["type"] != was.get(edit.identifier)
            and edit.field not in target["properties"]
        )

    return [one for one in found if is_gone(one)], [one for one in found if not is_gone(one)]


def component_values(group_id: str) -> dict[str, ComponentValues]:
    """What NiFi says of the processors and services of a group, by their ids."""
    found: dict[str, ComponentValues] = {}
    for one in deployed.processors(group_id):
        found[one.id] = _values_of(one.component.config.properties, one.component.config.descriptors)
    for one in controller_services.of_group(group_id):
        found[one.id] = _values_of(one.component.properties, one.component.descriptors)
    return found


def _values_of(values: Any, descriptors: Any) -> ComponentValues:
    known = descriptors or {}
    return ComponentValues(
        values or {},
        {name: one.default_value for name, one in known.items()},
        frozenset(name for name, one in known.items() if one.sensitive),
    )
