"""Small pieces from which the templates are put together as NiFi's flow definitions.

What comes out has the shape that NiFi's "Download flow definition" writes (VersionedFlowSnapshot), and is the
same for the same input: identifiers are derived from names.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NIFI_VERSION = "2.3.0"

Json = dict[str, Any]
Point = tuple[int, int]

_NAMESPACE = uuid.UUID("6a1f9a5e-6a1b-5d43-9d0c-0d2f3a6f5b10")

# The size of a processor on NiFi's canvas, and how far apart those of a row begin.
BOX_WIDTH = 352
BOX_HEIGHT = 128
COLUMN = 608


@dataclass(frozen=True)
class Bundle:
    """Where NiFi finds a component's code."""

    artifact: str
    version: str = NIFI_VERSION
    group: str = "org.apache.nifi"

    def as_json(self) -> Json:
        """The bundle as a flow definition names it."""
        return {"group": self.group, "artifact": self.artifact, "version": self.version}


STANDARD = Bundle("nifi-standard-nar")
UPDATE_ATTRIBUTE = Bundle("nifi-update-attribute-nar")


@dataclass(frozen=True)
class Service:
    """A controller service."""

    name: str
    type: str
    bundle: Bundle
    api: str
    api_bundle: Bundle
    properties: Mapping[str, str]
    sensitive: Sequence[str] = ()
    dynamic: Sequence[str] = ()
    comments: str = ""


@dataclass(frozen=True)
class Processor:
    """A processor; a property whose value is a Service refers to that service."""

    name: str
    type: str
    at: Point
    properties: Mapping[str, str | Service]
    bundle: Bundle = STANDARD
    sensitive: Sequence[str] = ()
    dynamic: Sequence[str] = ()
    ends: Sequence[str] = ()
    """Relationships that end here (NiFi's auto-terminate)."""
    comments: str = ""
    tasks: int = 1
    every: str = "0 sec"
    """How long NiFi waits before it runs it again."""
    retried: Sequence[str] = ()
    """Relationships whose FlowFiles go back into their queue first: at ``penalty`` intervals that double each time."""
    penalty: str = "30 sec"
    longest_penalty: str = "10 mins"
    yield_for: str = "1 sec"
    bulletin_level: str = "WARN"
    node: str = "ALL"
    """Of a cluster: where it runs, ALL or PRIMARY."""

    @property
    def middle(self) -> Point:
        """The centre of the box."""
        return self.at[0] + BOX_WIDTH // 2, self.at[1] + BOX_HEIGHT // 2


@dataclass(frozen=True)
class Connection:
    """A queue between two processors."""

    name: str
    source: Processor
    relationships: Sequence[str]
    target: Processor
    bends: Sequence[Point] = ()
    label_at: int = 0
    """Which of the bends carries the label."""
    most_flowfiles: int = 10_000
    most_data: str = "1 GB"
    expires: str = "0 sec"
    balance: str = "DO_NOT_LOAD_BALANCE"
    """How a cluster shares what is queued among its nodes."""


@dataclass(frozen=True)
class Label:
    """Words on the canvas; a large one behind several boxes makes them a group."""

    text: str
    at: Point
    size: Point
    colour: str = "#fff7d7"
    font_size: int = 14


def again(processor: Processor, relationships: Sequence[str] = ("failure",)) -> Connection:
    """A queue from a processor back to itself, drawn below it."""
    centre, below = processor.middle[0], processor.at[1] + BOX_HEIGHT + 72
    return Connection("try again", processor, relationships, processor, [(centre - 56, below), (centre + 56, below)])


def zone(text: str, at: Point, boxes: int, colour: str, height: int = 288) -> Label:
    """A label behind a row of boxes, of which the first is at that point."""
    return Label(text, (at[0] - 32, at[1] - 48), (boxes * COLUMN - 192, height), colour, 16)


@dataclass(frozen=True)
class ParameterSpec:
    """One value that a deployment sets."""

    name: str
    description: str
    value: str | None = None
    sensitive: bool = False


@dataclass
class Flow:
    """A process group with its parameter context."""

    name: str
    comments: str
    parameters: Sequence[ParameterSpec]
    services: list[Service] = field(default_factory=list)
    processors: list[Processor] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def definition(self) -> Json:
        """The importable flow definition."""
        return {
            "externalControllerServices": {},
            "flowContents": self._contents(),
            "flowEncodingVersion": "1.0",
            "latest": False,
            "parameterContexts": {self.name: self._context()},
            "parameterProviders": {},
        }

    def _id(self, kind: str, *names: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, "/".join((self.name, kind, *names))))

    @property
    def _group(self) -> str:
        return self._id("group")

    def _context(self) -> Json:
        return {
            "componentType": "PARAMETER_CONTEXT",
            "description": f"What the flow {self.name} needs to know",
            "inheritedParameterContexts": [],
            "name": self.name,
            "parameters": [
                {
                    "description": one.description,
                    "name": one.name,
                    "provided": False,
                    "sensitive": one.sensitive,
                    **({} if one.value is None else {"value": one.value}),
                }
                for one in self.parameters
            ],
        }

    def _contents(self) -> Json:
        return {
            "comments": self.comments,
            "componentType": "PROCESS_GROUP",
            "connections": [self._connection(one) for one in self.connections],
            "controllerServices": [self._service(one) for one in self.services],
            "defaultBackPressureDataSizeThreshold": "1 GB",
            "defaultBackPressureObjectThreshold": 10_000,
            "defaultFlowFileExpiration": "0 sec",
            "executionEngine": "INHERITED",
            "flowFileConcurrency": "UNBOUNDED",
            "flowFileOutboundPolicy": "STREAM_WHEN_AVAILABLE",
            "funnels": [],
            "identifier": self._group,
            "inputPorts": [],
            "labels": [self._label(one) for one in self.labels],
            "maxConcurrentTasks": 1,
            "name": self.name,
            "outputPorts": [],
            "parameterContextName": self.name,
            "position": {"x": 0.0, "y": 0.0},
            "processGroups": [],
            "processors": [self._processor(one) for one in self.processors],
            "remoteProcessGroups": [],
            "scheduledState": "ENABLED",
            "statelessFlowTimeout": "1 min",
        }

    def _processor(self, one: Processor) -> Json:
        return {
            "autoTerminatedRelationships": list(one.ends),
            "backoffMechanism": "PENALIZE_FLOWFILE",
            "bulletinLevel": one.bulletin_level,
            "bundle": one.bundle.as_json(),
            "comments": one.comments,
            "componentType": "PROCESSOR",
            "concurrentlySchedulableTaskCount": one.tasks,
            "executionNode": one.node,
            "groupIdentifier": self._group,
            "identifier": self._id("processor", one.name),
            "maxBackoffPeriod": one.longest_penalty,
            "name": one.name,
            "penaltyDuration": one.penalty,
            "position": _position(one.at),
            "properties": {
                name: self._id("service", value.name) if isinstance(value, Service) else value
                for name, value in one.properties.items()
            },
            "propertyDescriptors": {
                name: descriptor(name, name in one.dynamic, isinstance(value, Service), name in one.sensitive)
                for name, value in one.properties.items()
            },
            "retriedRelationships": list(one.retried),
            "retryCount": 10,
            "runDurationMillis": 0,
            "scheduledState": "ENABLED",
            "schedulingPeriod": one.every,
            "schedulingStrategy": "TIMER_DRIVEN",
            "style": {},
            "type": one.type,
            "yieldDuration": one.yield_for,
        }

    def _service(self, one: Service) -> Json:
        return {
            "bulletinLevel": "WARN",
            "bundle": one.bundle.as_json(),
            "comments": one.comments,
            "componentType": "CONTROLLER_SERVICE",
            "controllerServiceApis": [{"bundle": one.api_bundle.as_json(), "type": one.api}],
            "groupIdentifier": self._group,
            "identifier": self._id("service", one.name),
            "name": one.name,
            "properties": dict(one.properties),
            "propertyDescriptors": {
                name: descriptor(name, name in one.dynamic, sensitive=name in one.sensitive) for name in one.properties
            },
            "scheduledState": "DISABLED",
            "type": one.type,
        }

    def _connection(self, one: Connection) -> Json:
        return {
            "backPressureDataSizeThreshold": one.most_data,
            "backPressureObjectThreshold": one.most_flowfiles,
            "bends": [_position(bend) for bend in one.bends],
            "componentType": "CONNECTION",
            "destination": self._end(one.target),
            "flowFileExpiration": one.expires,
            "groupIdentifier": self._group,
            "identifier": self._id("connection", one.source.name, one.name, one.target.name),
            "labelIndex": one.label_at,
            "loadBalanceCompression": "DO_NOT_COMPRESS",
            "loadBalanceStrategy": one.balance,
            "name": one.name,
            "partitioningAttribute": "",
            "prioritizers": [],
            "selectedRelationships": list(one.relationships),
            "source": self._end(one.source),
            "zIndex": 0,
        }

    def _end(self, one: Processor) -> Json:
        return {
            "comments": one.comments,
            "groupId": self._group,
            "id": self._id("processor", one.name),
            "name": one.name,
            "type": "PROCESSOR",
        }

    def _label(self, one: Label) -> Json:
        return {
            "componentType": "LABEL",
            "groupIdentifier": self._group,
            "height": float(one.size[1]),
            "identifier": self._id("label", one.text),
            "label": one.text,
            "position": _position(one.at),
            "style": {"background-color": one.colour, "font-size": f"{one.font_size}px"},
            "width": float(one.size[0]),
            "zIndex": 0,
        }


def descriptor(name: str, dynamic: bool = False, service: bool = False, sensitive: bool = False) -> Json:
    """What a flow definition says of a property."""
    # NiFi knows a Python processor's properties only once its process has started: the definition says which of
    # them are sensitive or refer to a service.
    return {
        "displayName": name,
        "dynamic": dynamic,
        "identifiesControllerService": service,
        "name": name,
        "sensitive": sensitive,
    }


def _position(point: Point) -> Json:
    return {"x": float(point[0]), "y": float(point[1])}
