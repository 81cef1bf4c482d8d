"""What the scoring processors say of their models, in their component state in NiFi: see dai_nifi_protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dai_nifi.client import api
from dai_nifi_protocol import NO, State


@dataclass(frozen=True)
class ProcessorState:
    """The component state of a scoring processor, on each node that it has run on."""

    nodes: list[Mapping[str, str]]

    def is_everywhere(self, key: str, value: str, nodes: int) -> bool:
        """Whether at least this many nodes have the value, and no node has another one."""
        found = [one.get(key) for one in self.nodes]
        return len(found) >= nodes and all(one == value for one in found)

    def has_loaded(self, request: str, digest: str, nodes: int) -> bool:
        """Whether every node has loaded the model of this SHA-256 for this request."""
        return self.is_everywhere(State.NEXT_REQUEST, request, nodes) and self.is_everywhere(
            State.NEXT_SHA256, digest, nodes
        )

    def problems(self) -> list[str]:
        """Why it does not score now, on the nodes that say so; each reason once."""
        reasons = [one.get(State.PROBLEM, "it does not say why") for one in self.nodes if one.get(State.SCORES) == NO]
        return list(dict.fromkeys(reasons))

    def first(self, key: str) -> str | None:
        """The value on the first node that has one."""
        return next((one[key] for one in self.nodes if one.get(key)), None)


def read(processor_id: str) -> ProcessorState:
    """The state of a processor; without nodes if it has none, or this user may not see it."""
    state = api.if_permitted(lambda: api.processors.get_state2(processor_id).component_state.local_state)
    nodes: dict[str, dict[str, str]] = {}
    for one in (state.state if state is not None else None) or []:
        nodes.setdefault(one.cluster_node_id or "", {})[one.key] = one.value
    return ProcessorState(list(nodes.values()))
