"""A flow put together from its parts, as NiFi's flow definition.

What comes out has the shape that NiFi's "Download flow definition" writes (VersionedFlowSnapshot), and is the
same for the same input: identifiers are derived from names.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from dai_nifi.flows.parts import Connection, Json, Label, ParameterSpec, Point, Processor, Service

_IN_ORDER = "org.apache.nifi.prioritizer.FirstInFirstOutPrioritizer"
_NAMESPACE = uuid.UUID("6a1f9a5e-6a1b-5d43-9d0c-0d2f3a6f5b10")


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
            "autoTerminatedRelationships": list(one.auto_terminated),
            "backoffMechanism": "PENALIZE_FLOWFILE",
            "bulletinLevel": one.bulletin_level,
            "bundle": one.bundle.as_json(),
            "comments": one.comments,
            "componentType": "PROCESSOR",
            "concurrentlySchedulableTaskCount": one.concurrent_tasks,
            "executionNode": one.execution_node,
            "groupIdentifier": self._group,
            "identifier": self._id("processor", one.name),
            "maxBackoffPeriod": one.max_penalty,
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
            "retriedRelationships": list(one.retried_relationships),
            "retryCount": 10,
            "runDurationMillis": 0,
            "scheduledState": "ENABLED",
            "schedulingPeriod": one.run_schedule,
            "schedulingStrategy": "TIMER_DRIVEN",
            "style": {},
            "type": one.type,
            "yieldDuration": one.yield_duration,
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
            "backPressureDataSizeThreshold": one.back_pressure_bytes,
            "backPressureObjectThreshold": one.back_pressure_flowfiles,
            "bends": [_position(bend) for bend in one.bends],
            "componentType": "CONNECTION",
            "destination": self._end(one.target),
            "flowFileExpiration": one.expiration,
            "groupIdentifier": self._group,
            "identifier": self._id("connection", one.source.name, one.name, one.target.name),
            "labelIndex": one.label_index,
            "loadBalanceCompression": "DO_NOT_COMPRESS",
            "loadBalanceStrategy": one.load_balancing,
            "name": one.name,
            "partitioningAttribute": "",
            "prioritizers": [_IN_ORDER] if one.in_order else [],
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
