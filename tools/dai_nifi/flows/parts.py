"""The parts of a flow: processors, controller services, connections, labels and parameters, and their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NIFI_VERSION = "2.3.0"

Json = dict[str, Any]
Point = tuple[int, int]

# The size of a processor on NiFi's canvas, and the distance between those of a row.
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
    auto_terminated: Sequence[str] = ()
    """Relationships that end here (NiFi's auto-terminate)."""
    comments: str = ""
    concurrent_tasks: int = 1
    run_schedule: str = "0 sec"
    """How long NiFi waits before it runs the processor again."""
    retried_relationships: Sequence[str] = ()
    """Relationships whose FlowFiles go back into their queue first: at ``penalty`` intervals that double each time."""
    penalty: str = "30 sec"
    max_penalty: str = "10 mins"
    yield_duration: str = "1 sec"
    bulletin_level: str = "WARN"
    execution_node: str = "ALL"
    """On which nodes of a cluster it runs: ALL or PRIMARY."""

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
    label_index: int = 0
    """Which of the bends carries the label."""
    back_pressure_flowfiles: int = 10_000
    back_pressure_bytes: str = "1 GB"
    expiration: str = "0 sec"
    load_balancing: str = "DO_NOT_LOAD_BALANCE"
    """How a cluster shares what is queued among its nodes."""
    in_order: bool = False
    """Whether what came first leaves first. Otherwise NiFi may prefer what lies together in its repository."""


@dataclass(frozen=True)
class Label:
    """A text on the canvas; a large one behind several boxes makes them a group."""

    text: str
    at: Point
    size: Point
    colour: str = "#fff7d7"
    font_size: int = 14


def retry_queue(
    processor: Processor, relationships: Sequence[str] = ("failure",), *, in_order: bool = False
) -> Connection:
    """A queue from a processor back to itself, drawn below it."""
    centre, below = processor.middle[0], processor.at[1] + BOX_HEIGHT + 72
    bends = [(centre - 56, below), (centre + 56, below)]
    return Connection("try again", processor, relationships, processor, bends, in_order=in_order)


def background(text: str, at: Point, boxes: int, colour: str, height: int = 288) -> Label:
    """A label behind a row of boxes; the first box is at that point."""
    return Label(text, (at[0] - 32, at[1] - 48), (boxes * COLUMN - 192, height), colour, 16)


@dataclass(frozen=True)
class ParameterSpec:
    """One value that a deployment sets."""

    name: str
    description: str
    value: str | None = None
    sensitive: bool = False
