"""What people have changed in a deployed flow on the canvas, and the same changes made to a newer definition of it.

Three definitions are compared, component by component: the one that was deployed, what is in NiFi now, and the one that
is to come. NiFi gives what it has as a definition with the identifiers that it was deployed with.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from dai_nifi.flows import nifi_components
from dai_nifi.flows.builder import descriptor
from dai_nifi.flows.parts import Json

_KIND_NAMES: Mapping[str, str] = {
    "processors": "processor",
    "controllerServices": "controller service",
    "connections": "connection",
    "labels": "label",
    "funnels": "funnel",
    "inputPorts": "input port",
    "outputPorts": "output port",
    "processGroups": "process group",
    "remoteProcessGroups": "remote process group",
}

# What NiFi sets, and what is compared otherwise or belongs to the deployment.
_NOT_SETTINGS = frozenset(
    {
        "bundle",
        "componentType",
        "controllerServiceApis",
        "groupIdentifier",
        "identifier",
        "instanceIdentifier",
        "properties",
        "propertyDescriptors",
        "type",
    }
)
_NOT_OF_GROUP = _NOT_SETTINGS | {"name", "parameterContextName", "position", *_KIND_NAMES}

# Positions and looks: kept, but not listed one by one.
_COSMETIC = frozenset({"position", "bends", "labelIndex", "style", "height", "width", "zIndex"})

_FIELD_NAMES: Mapping[str, str] = {
    "autoTerminatedRelationships": "ended relationships",
    "backPressureDataSizeThreshold": "back pressure by size",
    "backPressureObjectThreshold": "back pressure by FlowFiles",
    "bulletinLevel": "bulletin level",
    "concurrentlySchedulableTaskCount": "concurrent tasks",
    "executionNode": "execution",
    "flowFileExpiration": "FlowFile expiration",
    "loadBalanceStrategy": "load balancing",
    "penaltyDuration": "penalty duration",
    "prioritizers": "prioritizers",
    "retriedRelationships": "retried relationships",
    "runDurationMillis": "run duration",
    "scheduledState": "state",
    "schedulingPeriod": "run schedule",
    "schedulingStrategy": "scheduling strategy",
    "selectedRelationships": "relationships",
    "yieldDuration": "yield duration",
}

HIDDEN = "********"
"""What NiFi shows of a sensitive value."""

_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class ComponentValues:
    """The properties of a component as NiFi has them, with their defaults."""

    values: Mapping[str, str | None]
    defaults: Mapping[str, str | None]
    sensitive: frozenset[str]


@dataclass(frozen=True)
class Edit:
    """One difference from what was deployed."""

    kind: str
    """Of the component, as definitions name the list that it is in; empty for the group itself."""
    identifier: str
    name: str
    """What the component is called."""
    field: str
    """The setting; empty if the component was added or removed."""
    is_property: bool = False
    was: Any = None
    value: Any = None
    """A whole component, if it was added; None if it was removed."""
    descriptor: Json | None = None
    """What NiFi's definition says of the property."""

    @property
    def is_cosmetic(self) -> bool:
        """Whether only the place or the look of something was changed."""
        return self.field in _COSMETIC or (self.kind == "labels" and not self.field)

    @property
    def is_readable(self) -> bool:
        """Whether NiFi shows the value."""
        return not (self.is_property and self.value == HIDDEN)

    @property
    def says(self) -> str:
        """The edit as a text, such as ``Bad Rows of Score records: fail the FlowFile (was route to rejected)``."""
        if not self.field:
            return f"the {_KIND_NAMES[self.kind]} {self.name!r} was {'removed' if self.value is None else 'added'}"
        what = self.field if self.is_property else _FIELD_NAMES.get(self.field, self.field)
        value = "(sensitive, not shown)" if not self.is_readable else _shown(self.value)
        return f"{what} of {self.name}: {value} (was {_shown(self.was)})"


def differences(base: Json, now: Json, live: Mapping[str, ComponentValues]) -> list[Edit]:
    """What differs between the contents that were deployed and those that NiFi has.

    Args:
        base: the ``flowContents`` of the definition that was deployed.
        now: those of the definition that NiFi gives of the group.
        live: by the ``instanceIdentifier`` of a processor or service.

    """
    found = list(_settings("", base, now, _NOT_OF_GROUP))
    inside = _by_id(now, "controllerServices")
    for kind in _KIND_NAMES:
        before, after = _by_id(base, kind), _by_id(now, kind)
        for identifier, was in before.items():
            present = after.get(identifier)
            if present is None:
                found.append(Edit(kind, identifier, _name(was), "", was=was))
                continue
            found.extend(_settings(kind, was, present, _NOT_SETTINGS))
            if "properties" in was:
                found.extend(_properties(kind, was, present, live.get(present.get("instanceIdentifier", "")), inside))
        found.extend(
            Edit(kind, identifier, _name(one), "", value=one)
            for identifier, one in after.items()
            if identifier not in before
        )
    return found


def apply(found: list[Edit], contents: Json) -> tuple[list[Edit], list[str]]:
    """Make the edits in the ``flowContents`` that are to come, which are changed.

    Returns those that were made, and of the others what keeps them from it.
    """
    made, left = [], []
    # Components come before the connections to them.
    for edit in sorted(found, key=lambda one: (one.kind == "connections", one.value is None)):
        problem = _make(edit, contents)
        if problem is None:
            made.append(edit)
        elif problem:
            left.append(f"{edit.says}; {problem}")
    return made, left


def referenced_parameter(value: object) -> str | None:
    """The parameter that a property refers to, if that is all there is to it."""
    text = value if isinstance(value, str) else ""
    name = text.removeprefix("#{").removesuffix("}")
    return name if text == f"#{{{name}}}" and name else None


def _settings(kind: str, was: Json, now: Json, without: frozenset[str]) -> Iterator[Edit]:
    for field, value in was.items():
        if field in without or (kind == "controllerServices" and field == "scheduledState"):
            continue
        present = now.get(field, value)
        if kind == "" and field == "comments":
            present = (present or "").partition("\n[dai-nifi ")[0]
        if not _same(value, present):
            yield Edit(
                kind, was.get("identifier", ""), _name(was) if kind else "the flow", field, False, value, present
            )


def _properties(
    kind: str, was: Json, now: Json, live: ComponentValues | None, inside: Collection[str]
) -> Iterator[Edit]:
    before, after = dict(was["properties"]), dict(now["properties"])
    if live is not None:
        # A definition has neither what is sensitive nor, of services outside of the flow, the ids that NiFi knows.
        descriptors = now.get("propertyDescriptors", {})
        services = {one for one in after if descriptors.get(one, {}).get("identifiesControllerService")}
        for name in live.sensitive | {one for one in services if after[one] not in inside}:
            if not referenced_parameter(after.get(name)):
                after[name] = live.values.get(name)
    # NiFi renames properties from version to version and keeps their values: those are no edits.
    renamed = {name: value for name, value in before.items() if live is not None and name not in live.values}
    for name in sorted({*before, *after} - renamed.keys()):
        value, old = after.get(name), before.get(name)
        if value == old:
            continue
        if name not in before:
            if live is not None and value == live.defaults.get(name):
                continue
            same = _earlier(was.get("type", ""), name, value, renamed)
            if same is not None:
                old = renamed.pop(same)
                if old != value:
                    # By the earlier name, which the definition to come has too: NiFi renames that again.
                    yield Edit(kind, was["identifier"], _name(was), same, True, old, value)
                continue
            old = live.defaults.get(name) if live is not None else None
        said = now.get("propertyDescriptors", {}).get(name)
        yield Edit(kind, was["identifier"], _name(was), name, True, old, value, said)


def _earlier(kind: str, name: str, value: object, renamed: Mapping[str, object]) -> str | None:
    """The name that a property of this type had when it was deployed, by the record, else by its value."""
    names = nifi_components.component(kind).every_name(name)
    known = next((one for one in renamed if one in names), None)
    return known or next((one for one, kept in renamed.items() if kept == value), None)


def _make(edit: Edit, contents: Json) -> str | None:
    """None if the edit was made, an empty text if it is not needed, else why it cannot be made."""
    if not edit.kind:
        contents[edit.field] = edit.value
        return None
    there = contents.setdefault(edit.kind, [])
    target = next((one for one in there if one["identifier"] == edit.identifier), None)
    if not edit.field:
        if edit.value is None:
            return _take_out(edit, contents, target)
        if target is None:
            there.append({**deepcopy(edit.value), "groupIdentifier": contents["identifier"]})
        return None
    if target is None:
        return "" if edit.is_cosmetic else "the template does not have it any more"
    if not edit.is_property:
        target[edit.field] = deepcopy(edit.value)
        return None
    if not edit.is_readable:
        return "NiFi never returns sensitive values. Put it into the flow's parameter instead"
    properties = target["properties"]
    if edit.value is None:
        properties.pop(edit.field, None)
    else:
        properties[edit.field] = edit.value
        target["propertyDescriptors"][edit.field] = edit.descriptor or descriptor(edit.field)
    return None


def _take_out(edit: Edit, contents: Json, target: Json | None) -> str | None:
    if target is None:
        return ""
    ends = [
        one for one in contents["connections"] if edit.identifier in (one["source"]["id"], one["destination"]["id"])
    ]
    before = {one["identifier"] for one in ends}
    contents[edit.kind].remove(target)
    contents["connections"] = [one for one in contents["connections"] if one["identifier"] not in before]
    return None


def _by_id(contents: Json, kind: str) -> dict[str, Json]:
    return {one["identifier"]: one for one in contents.get(kind) or []}


def _name(component: Json) -> str:
    text = str(component.get("name") or component.get("label") or component.get("componentType", "")).strip()
    return text.partition("\n")[0][:_LONGEST_SHOWN]


def _same(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        # The end of a connection: which component it is, not what that is called.
        return one["id"] == other.get("id") if "id" in one else one == other
    if isinstance(one, list) and isinstance(other, list) and all(isinstance(each, str) for each in (*one, *other)):
        return sorted(one) == sorted(other)
    return one == other or (not one and not other and one is not False and other is not False and one != 0)


def _shown(value: object) -> str:
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, dict) and "name" in value:
        return str(value["name"])
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
