"""The scoring processors of a deployed flow: stopped and started alone, and what they say of their models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import nipyapi

from dai_nifi.client.calls import if_permitted, nifi_calls, wait_for
from dai_nifi.errors import InvalidFlowError, ModelRefusedError, ToolError
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.model_parameters import MAIN, Slot
from dai_nifi.operations import lifecycle
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.canvas.deployed import Deployed
from dai_scoring.progress import Progress

QUICK = 0.03
"""Seconds between two questions while requests wait."""

# As processors/dai_scoring_nifi/state_words.py has them, which runs in NiFi.
_SCORES, _PROBLEM, _NO = "scores", "problem", "no"

# NiFi says for a moment that a processor is invalid while it looks at its new value.
_SETTLED_LOOKS = 50


@dataclass(frozen=True)
class Told:
    """What a scoring processor says of its models, on every node that it has run on."""

    nodes: list[Mapping[str, str]]

    def everywhere(self, key: str, value: str, nodes: int) -> bool:
        """Whether at least so many nodes say this, and none says something else."""
        said = [one.get(key) for one in self.nodes]
        return len(said) >= nodes and all(one == value for one in said)

    def has_loaded(self, word: str, digest: str, nodes: int) -> bool:
        """Whether every node has the next model that it was told of with this word."""
        return self.everywhere("next.word", word, nodes) and self.everywhere("next.sha256", digest, nodes)

    def problems(self) -> list[str]:
        """Why it does not score now, on the nodes that say so."""
        said = [one.get(_PROBLEM, "it does not say why") for one in self.nodes if one.get(_SCORES) == _NO]
        return list(dict.fromkeys(said))

    def first(self, key: str) -> str | None:
        """What the first node that says something says."""
        return next((one[key] for one in self.nodes if one.get(key)), None)


@dataclass(frozen=True)
class Scorers:
    """The processors of a flow that score with the model of its parameter."""

    flow: Deployed
    ids: frozenset[str]
    running: frozenset[str]
    """Those that ran when they were looked for, or before a change that was cut off stopped them."""
    working: frozenset[str]
    """Those of them that did run."""

    def now(self) -> list[Any]:
        """They, as they are now."""
        return [one for one in deployed.processors(self.flow.id) if one.id in self.ids]

    def stop(self, timeout: float) -> None:
        """Stop them and wait until none has FlowFiles in hand."""
        lifecycle.schedule(self.flow.id, [one for one in self.now() if one.component.state == "RUNNING"], "STOPPED")

        def idle() -> bool | None:
            busy = [
                one
                for one in self.now()
                if one.component.state == "RUNNING" or one.status.aggregate_snapshot.active_thread_count
            ]
            return None if busy else True

        wait_for(
            idle,
            timeout,
            lambda: InvalidFlowError(f"The scoring of {self.flow.name} did not come to an end within {timeout:g} s."),
            pause=QUICK,
        )

    def wait_until_valid(self, timeout: float) -> None:
        """Wait until NiFi finds nothing wrong with them; raises InvalidFlowError with what it finds."""
        looks: dict[str, int] = {}

        def valid() -> bool | None:
            found = self.now()
            for text in lifecycle.problems(found):
                looks[text] = looks.get(text, 0) + 1
                if looks[text] > _SETTLED_LOOKS:
                    raise InvalidFlowError(f"NiFi says of {self.flow.name}: {text}")
            return True if all(one.component.validation_status == "VALID" for one in found) else None

        def late() -> ToolError:
            told = "; ".join(lifecycle.problems(self.now())) or "NiFi does not say why"
            return InvalidFlowError(f"{self.flow.name} is not valid after {timeout:g} s: {told}")

        wait_for(valid, timeout, late, pause=QUICK)

    def start(self, timeout: float) -> None:
        """Start those that ran."""
        stopped = [one for one in self.now() if one.id in self.running and one.component.state != "RUNNING"]
        lifecycle.schedule(self.flow.id, stopped, "RUNNING")
        lifecycle.wait_for_state(self.flow.id, set(self.running), "RUNNING", timeout, QUICK)

    def tell(self) -> list[Told]:
        """What each that ran says."""
        return [told(one) for one in sorted(self.running)]

    def wait_for_model(self, digest: str, before: int, timeout: float) -> None:
        """Wait until each that ran says that it scores with the model of this SHA-256.

        ``before`` is the last bulletin that has nothing to do with it.
        """
        nodes = connected_nodes()

        def scores() -> bool | None:
            if all(one.everywhere("model.sha256", digest, nodes) for one in self.tell()):
                return True
            for each in self.running:
                for one in lifecycle.bulletins(source_id=each, after=before):
                    if one.level == "ERROR":
                        raise InvalidFlowError(f"{self.flow.name} does not start with the model: {one.message}")
            return None

        wait_for(
            scores,
            timeout,
            lambda: InvalidFlowError(f"{self.flow.name} does not score with the model after {timeout:g} s."),
            pause=QUICK,
        )

    def wait_until_loaded(self, word: str, digest: str, timeout: float, progress: Progress) -> None:
        """Wait until each that runs has loaded the next model beside its own; ``word`` is what it was told with.

        Raises ModelRefusedError with what the processor says where it cannot.
        """
        nodes = connected_nodes()
        waiting: list[str] = []

        def loaded() -> bool | None:
            waiting.clear()
            told_now = self.tell()
            for one in (said for each in told_now for said in each.nodes if said.get("next.word") == word):
                if one.get("next.state") == "refused":
                    raise ModelRefusedError(f"NiFi cannot use the model: {one.get('next.problem')}")
                if one.get("next.state") == "waiting":
                    waiting.append(one.get("next.problem", ""))
                    progress(f"making the Python environment: {waiting[0].partition('Now: ')[2][:90]}", None)
            return True if all(one.has_loaded(word, digest, nodes) for one in told_now) else None

        wait_for(
            loaded,
            timeout,
            lambda: InvalidFlowError(f"NiFi did not load the model within {timeout:g} s; --timeout gives it more."),
            lambda: bool(waiting),
        )


def find(flow: Deployed, slot: Slot = MAIN, stopped: Iterable[str] = ()) -> Scorers:
    """The processors that score with the model of a slot; raises InvalidFlowError if none does.

    ``stopped`` are those that a change has stopped which was cut off, by id.
    """
    runtime = RUNTIMES[flow.mark.runtime]
    found = [
        one
        for one in deployed.processors(flow.id)
        if one.component.type == runtime.processor
        and (one.component.config.properties or {}).get(runtime.model_property) == f"#{{{slot.parameter.name}}}"
    ]
    if not found:
        raise InvalidFlowError(
            f"Nothing in the flow {flow.name} scores with the parameter {slot.parameter.name}: it was changed on the "
            "canvas. Set the model there, or deploy the flow again."
        )
    ids = frozenset(one.id for one in found)
    working = frozenset(one.id for one in found if one.component.state == "RUNNING")
    return Scorers(flow, ids, working | ids.intersection(stopped), working)


def told(processor_id: str) -> Told:
    """What a scoring processor says of its models: its component state in NiFi, one for each node."""
    state = if_permitted(lambda: nipyapi.nifi.ProcessorsApi().get_state2(processor_id).component_state.local_state)
    nodes: dict[str, dict[str, str]] = {}
    for one in (state.state if state is not None else None) or []:
        nodes.setdefault(one.cluster_node_id or "", {})[one.key] = one.value
    return Told(list(nodes.values()))


def connected_nodes() -> int:
    """How many nodes NiFi has; 1 where it is no cluster."""
    with nifi_calls():
        summary = nipyapi.nifi.FlowApi().get_cluster_summary().cluster_summary
    return int(summary.connected_node_count or 1) if summary.clustered else 1
