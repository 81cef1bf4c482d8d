"""The flows that this tool has deployed, found by a mark in their comments, wherever they are on the canvas."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from dai_nifi.client import api
from dai_nifi.errors import ConflictError, NotFoundError

ROOT = "root"

_SOUGHT = "[dai-nifi"
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
class DeployedFlow:
    """A process group that this tool has deployed."""

    name: str
    id: str
    mark: Mark
    context_id: str | None
    parent_id: str | None = None
    """The group that contains it."""

    @property
    def place(self) -> str:
        """The names of the groups around it, from the root canvas on."""
        return _place(self.parent_id)


def context_name(name: str) -> str:
    """What the parameter context of a deployed flow is called."""
    return f"dai {name}"


def find_all() -> list[DeployedFlow]:
    """Every flow that this tool has deployed, wherever it is on the canvas, by name."""
    return sorted(_marked().values(), key=lambda one: (one.name, one.id))


def on_root() -> list[DeployedFlow]:
    """Every process group of the root canvas, as a flow without a mark."""
    return [
        DeployedFlow(one.component.name, one.id, Mark("", "", ""), None)
        for one in _groups()
        if one.component is not None
    ]


def find(name: str) -> DeployedFlow:
    """The deployed flow of exactly that name. Raises NotFoundError, which lists all flows, or ConflictError."""
    flows = find_all()
    named = [one for one in flows if one.name == name]
    if len(named) == 1:
        return named[0]
    if named:
        raise _several(name, named)
    there = ", ".join(one.name for one in flows) or "none"
    raise NotFoundError(f"No flow {name!r} is deployed in this NiFi. Deployed flows: {there}.")


def find_or_none(name: str) -> DeployedFlow | None:
    """The deployed flow of that name, or None if the name is free; raises ConflictError if it is taken otherwise."""
    marked = _marked()
    owned = [one for one in marked.values() if one.name == name]
    if len(owned) > 1:
        raise _several(name, owned)
    if any(one.component.name == name and one.id not in marked for one in _groups() if one.component is not None):
        raise ConflictError(
            f"A process group {name!r} is on the canvas already, but dai-nifi did not deploy it. Choose another name "
            f"with --name, or rename that group. If it was imported from one of the shipped flows, dai-nifi adopt "
            f"{name} makes it a deployed one."
        )
    return owned[0] if owned else None


def _several(name: str, named: list[DeployedFlow]) -> ConflictError:
    places = ", ".join(f"{one.id} in {one.place}" for one in named)
    return ConflictError(
        f"{len(named)} process groups are the deployed flow {name!r}, as when one was copied: {places}. Delete "
        f"one of them on the canvas, or give one another name and separate parameters: dai-nifi adopt ID --name NAME"
    )


def group(deployed: DeployedFlow) -> Any:
    """The process group's entity, as it is now."""
    return api.process_groups.get_process_group(deployed.id)


def processors(group_id: str) -> list[Any]:
    """The processors of a group, as they are now."""
    return list(api.retried(lambda: api.process_groups.get_processors(group_id)).processors or [])


def other_users(context_id: str | None, group_id: str) -> list[str]:
    """What else uses a parameter context: other process groups, and contexts that inherit from it; by their names."""
    if context_id is None:
        return []
    contexts = api.flow.get_parameter_contexts().parameter_contexts or []
    found = []
    for entity in contexts:
        component = entity.component
        if component is None:
            continue
        if entity.id == context_id:
            bound = component.bound_process_groups or []
            found += [f"the process group {_named(one)}" for one in bound if one.id != group_id]
        elif any(one.id == context_id for one in component.inherited_parameter_contexts or []):
            found.append(f"the parameter context {component.name}")
    return found


def _named(entity: Any) -> str:
    return f"{entity.component.name} ({entity.id})" if entity.component is not None else str(entity.id)


def _groups() -> list[Any]:
    """The process groups of the root canvas."""
    return list(api.process_groups.get_process_groups(ROOT).process_groups or [])


def _marked() -> dict[str, DeployedFlow]:
    """The deployed flows by their ids: NiFi searches for the mark in all groups, however deep."""
    results = api.flow.search_flow(q=_SOUGHT).search_results_dto.process_group_results or []
    found = {}
    for one in results:
        entity = api.if_permitted(partial(api.process_groups.get_process_group, one.id))
        flow = from_entity(entity) if entity is not None else None
        if flow is not None:
            found[flow.id] = flow
    return found


def _place(group_id: str | None) -> str:
    """The names of the groups around a group, from the root on."""
    names: list[str] = []
    while group_id is not None:
        entity = api.if_permitted(partial(api.process_groups.get_process_group, group_id))
        if entity is None or entity.component is None:
            break
        names.insert(0, entity.component.name)
        group_id = entity.component.parent_group_id
    return " / ".join(names)


def from_entity(entity: Any) -> DeployedFlow | None:
    """The deployed flow that a process group is, by its mark; None for any other group."""
    component = entity.component
    if component is None:  # this user may not read it
        return None
    marked = _MARK.search(component.comments or "")
    if marked is None:
        return None
    context = component.parameter_context.id if component.parameter_context else None
    return DeployedFlow(component.name, entity.id, Mark(*marked.groups()), context, component.parent_group_id)
