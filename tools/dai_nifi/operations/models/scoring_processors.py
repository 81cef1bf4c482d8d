"""The scoring processors of a deployed flow: stopped and started alone, and waited for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dai_nifi.client import api
from dai_nifi.errors import InvalidFlowError, ModelRefusedError, ToolError
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.model_parameters import MAIN, ModelParameter
from dai_nifi.operations.canvas import bulletins, deployed, scheduling, validity
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.operations.models import processor_state
from dai_nifi.operations.models.processor_state import ProcessorState
from dai_nifi.waiting import wait_until
from dai_nifi_protocol import CANNOT_SCORE, REFUSED, WAITING, State
from dai_scoring.progress import Progress

SHORT_PAUSE = 0.03
"""Seconds between two looks while requests wait."""

# NiFi says for a moment that a processor is invalid while it looks at its new value.
_SETTLED_LOOKS = 50


@dataclass(frozen=True)
class ScoringProcessors:
    """The processors of a flow that score with the model of one parameter."""

    flow: DeployedFlow
    ids: frozenset[str]
    running: frozenset[str]
    """Those that ran when they were looked for, or before an interrupted change stopped them."""
    working: frozenset[str]
    """Those that ran when they were looked for."""

    def now(self) -> list[Any]:
        """The processors as NiFi has them now."""
        return [one for one in deployed.processors(self.flow.id) if one.id in self.ids]

    def states(self) -> list[ProcessorState]:
        """What each that ran says of its model."""
        return [processor_state.read(one) for one in sorted(self.running)]

    def stop(self, timeout: float) -> None:
        """Stop them and wait until none has FlowFiles in hand."""
        ran = [one for one in self.now() if one.component.state == "RUNNING"]
        scheduling.schedule(self.flow.id, ran, "STOPPED")
        wait_until(
            lambda: not any(map(scheduling.is_busy, self.now())),
            timeout,
            lambda: InvalidFlowError(f"The scoring of {self.flow.name} did not come to an end within {timeout:g} s."),
            pause=SHORT_PAUSE,
        )

    def wait_until_valid(self, timeout: float) -> None:
        """Wait until NiFi finds nothing wrong with them; raises InvalidFlowError with what it finds."""
        looks: dict[str, int] = {}

        def valid() -> bool:
            found = self.now()
            for text in validity.problems(found):
                looks[text] = looks.get(text, 0) + 1
                if looks[text] > _SETTLED_LOOKS:
                    raise InvalidFlowError(f"NiFi says of {self.flow.name}: {text}")
            return all(one.component.validation_status == "VALID" for one in found)

        def late() -> ToolError:
            # All messages: also those of a processor that is not ready yet say why it is late.
            reasons = "; ".join(validity.not_valid(self.now())) or "it became valid just now"
            return InvalidFlowError(f"{self.flow.name} is not valid after {timeout:g} s: {reasons}")

        wait_until(valid, timeout, late, pause=SHORT_PAUSE)

    def start(self, timeout: float) -> None:
        """Start those that ran."""
        stopped = [one for one in self.now() if one.id in self.running and one.component.state != "RUNNING"]
        scheduling.schedule(self.flow.id, stopped, "RUNNING")
        scheduling.wait_for_state(self.flow.id, self.running, "RUNNING", timeout, SHORT_PAUSE)

    def wait_until_scoring_with(self, digest: str, after: int, timeout: float) -> None:
        """Wait until each that ran says that it scores with the model of this SHA-256.

        ``after`` is the id of the last bulletin from before they were started.
        """
        nodes = api.connected_nodes()

        def scores() -> bool:
            if all(one.is_everywhere(State.MODEL_SHA256, digest, nodes) for one in self.states()):
                return True
            for each in self.running:
                for one in bulletins.read(source_id=each, after=after):
                    if one.level == "ERROR" and not one.message.startswith(CANNOT_SCORE):
                        raise InvalidFlowError(f"{self.flow.name} does not start with the model: {one.message}")
            return False

        wait_until(
            scores,
            timeout,
            lambda: InvalidFlowError(f"{self.flow.name} does not score with the model after {timeout:g} s."),
            pause=SHORT_PAUSE,
        )

    def wait_until_loaded(self, request: str, digest: str, timeout: float, progress: Progress) -> None:
        """Wait until each that ran has loaded the model that this request is about, with its present one.

        Raises ModelRefusedError with what the processor says if it cannot.
        """
        nodes = api.connected_nodes()
        waiting: list[str] = []

        def loaded() -> bool:
            waiting.clear()
            states = self.states()
            for node in (one for state in states for one in state.nodes if one.get(State.NEXT_REQUEST) == request):
                if node.get(State.NEXT_STATE) == REFUSED:
                    raise ModelRefusedError(f"NiFi cannot use the model: {node.get(State.NEXT_PROBLEM)}")
                if node.get(State.NEXT_STATE) == WAITING:
                    waiting.append(node.get(State.NEXT_STEP, ""))
                    progress(validity.environment_step(waiting[-1]), None)
            return all(one.has_loaded(request, digest, nodes) for one in states)

        wait_until(
            loaded,
            timeout,
            lambda: InvalidFlowError(f"NiFi did not load the model within {timeout:g} s; --timeout gives it more."),
            busy=lambda: bool(waiting),
        )


def find(flow: DeployedFlow, model: ModelParameter = MAIN, stopped: Iterable[str] = ()) -> ScoringProcessors:
    """The processors that score with the model of a parameter; raises InvalidFlowError if none does.

    ``stopped`` are the ids of those that an interrupted change has stopped.
    """
    runtime = RUNTIMES[flow.mark.runtime]
    found = [
        one
        for one in deployed.processors(flow.id)
        if one.component.type == runtime.processor
        and (one.component.config.properties or {}).get(runtime.model_property) == f"#{{{model.parameter.name}}}"
    ]
    if not found:
        raise InvalidFlowError(
            f"Nothing in the flow {flow.name} scores with the parameter {model.parameter.name}: it was changed on the "
            "canvas. Set the model there, or deploy the flow again."
        )
    ids = frozenset(one.id for one in found)
    working = frozenset(one.id for one in found if one.component.state == "RUNNING")
    return ScoringProcessors(flow, ids, working | ids.intersection(stopped), working)
