"""The flows that this tool has deployed, found on NiFi's root canvas by a mark in their comments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import nipyapi

from dai_nifi.errors import ConflictError, NotFoundError
from dai_nifi.flows.rest import nifi_calls, of_all_nodes

ROOT = "root"

_MARK = re.compile(r"^\[dai-nifi flow=(\S+) runtime=(\S+) template=(\S+)\]$", re.MULTILINE)


@dataclass(frozen=True)
class Mark:
    """What a deployed group remembers: the template, its runtime and a hash of the flow definition."""

    flow: str
    runtime: str
    template: str

    def comments(self, summary: str) -> str:
        """The comments of a group that carry this mark."""
        return f"{summary}\n[dai-nifi flow={self.flow} runtime={self.runtime} template={self.template}]"


@dataclass(frozen=True)
class Deployed:
    """A process group that this tool has deployed."""

    name: str
    id: str
    mark: Mark
    context_id: str | None


def context_name(name: str) -> str:
    """What the parameter context of a deployed flow is called."""
    return f"dai {name}"


def find_all() -> list[Deployed]:
    """Every flow that this tool has deployed on the root canvas, by name."""
    found = [one for one in map(_deployed, _groups()) if one is not None]
    return sorted(found, key=lambda one: one.name)


def find(name: str) -> Deployed:
    """The deployed flow of exactly that name; raises NotFoundError with those there are."""
    flows = find_all()
    for one in flows:
        if one.name == name:
            return one
    there = ", ".join(one.name for one in flows) or "none"
    raise NotFoundError(f"No flow {name!r} is deployed in this NiFi. Deployed are: {there}.")


def find_own(name: str) -> Deployed | None:
    """The deployed flow of that name, or None if the name is free; raises ConflictError if it is taken otherwise."""
    named = [group for group in _groups() if group.component.name == name]
    owned = [one for one in map(_deployed, named) if one is not None]
    if len(owned) == 1 and len(named) == 1:
        return owned[0]
    if named:
        whose = "twice" if len(owned) > 1 else "but dai-nifi did not deploy it"
        raise ConflictError(
            f"A process group {name!r} is on the canvas already, {whose}. "
            "Choose another name with --name, or rename that group."
        )
    return None


def group(deployed: Deployed) -> Any:
    """The process group's entity, as it is now."""
    with nifi_calls():
        return nipyapi.nifi.ProcessGroupsApi().get_process_group(deployed.id)


def processors(group_id: str) -> list[Any]:
    """The processors of a group, as they are now."""
    return list(of_all_nodes(lambda: nipyapi.nifi.ProcessGroupsApi().get_processors(group_id)).processors or [])


def services(group_id: str) -> list[Any]:
    """The controller services that belong to a group itself, as they are now."""
    with nifi_calls():
        found = nipyapi.nifi.FlowApi().get_controller_services_from_group(group_id)
    return [one for one in found.controller_services or [] if one.component.parent_group_id == group_id]


def _groups() -> list[Any]:
    with nifi_calls():
        return list(nipyapi.nifi.ProcessGroupsApi().get_process_groups(ROOT).process_groups or [])


def _deployed(entity: Any) -> Deployed | None:
    component = entity.component
    if component is None:  # this user may not read it
        return None
    marked = _MARK.search(component.comments or "")
    if marked is None:
        return None
    context = component.parameter_context.id if component.parameter_context else None
    return Deployed(component.name, entity.id, Mark(*marked.groups()), context)
