"""A stream flow in a NiFi without the broker's processors: standard ones are at its ends and set the same attributes.

Messages come from a file in NiFi's own format for FlowFiles with their attributes. What would be sent waits in a queue.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.flows import templates
from dai_nifi.flows.parts import STANDARD, UPDATE_ATTRIBUTE
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.undeploy import undeploy
from tests.support.nifi.canvas import content_of, listed
from tests.support.waiting import wait_for

# What the standard processors at the beginning set in addition.
_OF_THE_STAND_IN = r"fragment[.].*|segment[.].*|file[.].*|absolute[.]path"


@dataclass(frozen=True)
class Message:
    """A message as NiFi's consumer of the broker hands it on."""

    contents: bytes
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Sent:
    """A message as it is about to be sent."""

    contents: bytes
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class StreamFlow:
    """A deployed flow with other ends."""

    name: str
    folder: Path
    sinks: Mapping[str, str]
    """The queue in front of each sender, by the sender's name."""

    def put(self, messages: Sequence[Message]) -> None:
        """Hand messages to the flow, in this order."""
        part = self.folder / ".messages"
        part.write_bytes(b"".join(map(_packed, messages)))
        part.rename(self.folder / "messages")

    def wait(self, scores: int, rejected: int) -> tuple[list[Sent], list[Sent]]:
        """What would be sent, scores and rejected messages, once there are so many."""
        wanted = (scores, rejected)
        wait_for(lambda: (len(listed(self._scores)), len(listed(self._rejected))) == wanted)
        found = self._sent()
        assert (len(found[0]), len(found[1])) == wanted, [one.attributes for queue in found for one in queue]
        return found

    @property
    def _scores(self) -> str:
        return self.sinks["Send scores"]

    @property
    def _rejected(self) -> str:
        return self.sinks["Send rejected messages"]

    def _sent(self) -> tuple[list[Sent], list[Sent]]:
        scores, rejected = (
            [Sent(content_of(queue, one), one.attributes) for one in listed(queue)]
            for queue in (self._scores, self._rejected)
        )
        return scores, rejected


def headers(sent: Sent, pattern: str) -> dict[str, str]:
    """The attributes that a publisher with this pattern sends as headers."""
    return {name: value for name, value in sent.attributes.items() if re.fullmatch(pattern, name)}


def _packed(message: Message) -> bytes:
    """A FlowFile in the format flowfile-stream-v3."""
    texts = [text.encode() for pair in message.attributes.items() for text in pair]
    return b"".join(
        (
            b"NiFiFF3",
            len(message.attributes).to_bytes(2, "big"),
            *(len(text).to_bytes(2, "big") + text for text in texts),
            len(message.contents).to_bytes(8, "big"),
            message.contents,
        )
    )


def with_other_ends(definition: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A definition of a stream flow with standard processors instead of those of the broker."""
    found = copy.deepcopy(definition)
    flow = found["flowContents"]
    flow["controllerServices"] = []
    by_name = {one["name"]: one for one in flow["processors"]}
    receive, prepare = by_name["Take messages"], by_name["Forget earlier results"]
    senders = [by_name["Send scores"], by_name["Send rejected messages"]]
    take = copy.deepcopy(receive) | {"identifier": f"{receive['identifier'][:-4]}f11e", "name": "Take files"}
    _change(take, "standard.GetFile", {"Input Directory": str(folder), "Keep Source File": "false"})
    _change(receive, "standard.UnpackContent", {"Packaging Format": "flowfile-stream-v3"}, ["original", "failure"])
    prepare["properties"]["Delete Attributes Expression"] += f"|{_OF_THE_STAND_IN}"
    for one in senders:
        _change(one, "attributes.UpdateAttribute", {"Store State": "Do not store state"}, ["success"])
        # It runs, but does not work before a 29 February: what would be sent stays in its queue.
        one |= {"schedulingStrategy": "CRON_DRIVEN", "schedulingPeriod": "0 0 0 29 2 ?", "retriedRelationships": []}
    messages = next(one for one in flow["connections"] if one["name"] == "messages")
    files = copy.deepcopy(messages) | {
        "identifier": f"{messages['identifier'][:-4]}f11e",
        "name": "files",
        "source": {**messages["source"], "id": take["identifier"], "name": take["name"]},
        "destination": {**messages["source"]},
    }
    again = {one["identifier"] for one in senders}
    flow["connections"] = [
        files,
        *(one for one in flow["connections"] if not (one["name"] == "try again" and one["source"]["id"] in again)),
    ]
    flow["processors"].append(take)
    return found


def _change(
    processor: dict[str, Any], kind: str, properties: Mapping[str, str], auto_terminated: Sequence[str] = ()
) -> None:
    bundle = UPDATE_ATTRIBUTE if kind.startswith("attributes.") else STANDARD
    processor |= {
        "type": f"org.apache.nifi.processors.{kind}",
        "bundle": bundle.as_json(),
        "properties": dict(properties),
        "propertyDescriptors": {},
        "autoTerminatedRelationships": list(auto_terminated),
    }


@contextmanager
def deployed_stream(
    flow: str, model: Path, folder: Path, parameters: Mapping[str, str], runtime: str | None = None
) -> Iterator[StreamFlow]:
    """The flow, deployed with other ends; removed when it is left."""
    folder.mkdir(parents=True, exist_ok=True)
    shipped = templates.definition
    name = f"{flow}-ends"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "definition", lambda *which: with_other_ends(shipped(*which), folder))
        deploy(Request(flow, model, runtime, name=name, parameters=parameters))
    try:
        group = deployed.find(name).id
        queues = nipyapi.nifi.ProcessGroupsApi().get_connections(group).connections
        sinks = {
            one.component.destination.name: one.id for one in queues if one.component.destination.name[:4] == "Send"
        }
        yield StreamFlow(name, folder, sinks)
    finally:
        undeploy(name, force=True)
