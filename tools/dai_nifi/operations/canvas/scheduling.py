"""Starts and stops the processors of a flow; those that take data in start last, when all others are ready."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from dai_nifi.client import api
from dai_nifi.errors import InvalidFlowError, ToolError
from dai_nifi.flows.realtime.requests import RECEIVER
from dai_nifi.operations.canvas import bulletins, controller_services, deployed, listening, validity
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.waiting import PAUSE, wait_until
from dai_scoring.progress import Progress


def running_ids(group_id: str) -> frozenset[str]:
    """The ids of the processors that run."""
    return frozenset(one.id for one in deployed.processors(group_id) if one.component.state == "RUNNING")


def is_busy(processor: Any) -> bool:
    """Whether a processor runs, or still works after it was stopped."""
    return bool(processor.component.state == "RUNNING" or processor.status.aggregate_snapshot.active_thread_count)


def start_flow(flow: DeployedFlow, timeout: float, progress: Progress) -> bool:
    """Start the processors that do not run, the entrances last; False if all ran already.

    Raises:
        InvalidFlowError: a component is not valid, or does not start.
        ConflictError: the port that the flow should listen at is taken.

    """
    stopped = [one for one in deployed.processors(flow.id) if one.component.state != "RUNNING"]
    if not stopped:
        return False
    validity.wait_until_valid(flow, timeout, progress)
    progress(f"starting {flow.name}", None)
    before = bulletins.last_id()
    entrances = _entrances(stopped)
    # Loading a model may take long; until then no data may enter the flow.
    schedule(flow.id, [one for one in stopped if one not in entrances], "RUNNING")
    wait_for_state(flow.id, {one.id for one in stopped} - {one.id for one in entrances}, "RUNNING", timeout)
    schedule(flow.id, entrances, "RUNNING")
    wait_for_state(flow.id, {one.id for one in entrances}, "RUNNING", timeout)
    _wait_until_listening(flow, [one for one in entrances if one.component.name == RECEIVER], before)
    return True


def restart(flow: DeployedFlow, ids: Collection[str], timeout: float, progress: Progress) -> None:
    """Start those processors of a flow that ran before, once they are valid."""
    progress(f"starting {flow.name}", None)
    controller_services.set_state(flow.id, "ENABLED", timeout)
    wanted = set(ids) & {one.id for one in deployed.processors(flow.id)}

    def valid() -> bool:
        now = [one for one in deployed.processors(flow.id) if one.id in wanted]
        validating = any(one.component.validation_status == "VALIDATING" for one in now)
        return not validating and not validity.problems(now)

    wait_until(valid, timeout, lambda: validity.invalid(flow, validity.problems(deployed.processors(flow.id))))
    schedule(flow.id, [one for one in deployed.processors(flow.id) if one.id in wanted], "RUNNING")
    wait_for_state(flow.id, wanted, "RUNNING", timeout)


def try_listening(flow: DeployedFlow, name: str, timeout: float) -> None:
    """Let the processor of that name, which listens, run for a moment; raises ConflictError if it cannot."""
    found = [one for one in deployed.processors(flow.id) if one.component.name == name]
    before = bulletins.last_id()
    schedule(flow.id, found, "RUNNING")
    try:
        _wait_until_listening(flow, found, before)
    finally:
        stop_group(flow.id, timeout)


def stop_group(group_id: str, timeout: float) -> bool:
    """Stop every processor and wait until none works any more; False if none ran."""
    ran = running_ids(group_id)
    body = api.dto.ScheduleComponentsEntity(id=group_id, state="STOPPED")
    api.until_accepted(lambda: api.flow.schedule_components(body, group_id))
    wait_until(
        lambda: not any(map(is_busy, deployed.processors(group_id))),
        timeout,
        lambda: InvalidFlowError(f"The flow did not stop within {timeout:g} s."),
    )
    return bool(ran)


def stop_entrances(flow: DeployedFlow, timeout: float) -> None:
    """Stop what takes data into the flow; the rest keeps running."""
    ran = [one for one in _entrances(deployed.processors(flow.id)) if one.component.state == "RUNNING"]
    schedule(flow.id, ran, "STOPPED")
    wait_for_state(flow.id, {one.id for one in ran}, "STOPPED", timeout)


def schedule(group_id: str, components: Sequence[Any], state: str) -> None:
    """Start or stop (RUNNING, STOPPED) some of a group's processors, without waiting."""
    if not components:
        return
    ids = {one.id for one in components}
    at_hand = [{one.id: one.revision for one in components}]

    def call() -> None:
        # The revisions at hand are valid the first time, which saves a call while requests wait.
        revisions = at_hand.pop() if at_hand else _revisions(group_id, ids)
        body = api.dto.ScheduleComponentsEntity(id=group_id, state=state, components=revisions)
        api.flow.schedule_components(body, group_id)

    api.until_accepted(call)


def wait_for_state(group_id: str, ids: Collection[str], state: str, timeout: float, pause: float = PAUSE) -> None:
    """Wait until these processors are RUNNING, or STOPPED; raises InvalidFlowError with the last errors reported."""

    def others() -> list[str]:
        return [
            one.component.name
            for one in deployed.processors(group_id)
            if one.id in ids and one.component.state != state
        ]

    def late() -> ToolError:
        errors = [f"{one.source}: {one.message}" for one in bulletins.read(group_id) if one.level == "ERROR"]
        return InvalidFlowError(
            f"Not {state.lower()} after {timeout:g} s: {', '.join(others())}.\n  " + "\n  ".join(errors[-3:])
        )

    wait_until(lambda: not others(), timeout, late, pause=pause)


def _wait_until_listening(flow: DeployedFlow, receivers: Sequence[Any], before: int) -> None:
    for one in receivers:
        failure = listening.failure(flow, one.id, before)
        if failure is not None:
            stop_group(flow.id, listening.SECONDS)
            raise failure


def _entrances(processors: Sequence[Any]) -> list[Any]:
    return [one for one in processors if one.component.input_requirement == "INPUT_FORBIDDEN"]


def _revisions(group_id: str, ids: Collection[str]) -> dict[str, Any]:
    return {one.id: one.revision for one in deployed.processors(group_id) if one.id in ids}
