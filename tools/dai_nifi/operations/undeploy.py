"""Removing a deployed flow with its parameter context and its model."""

from __future__ import annotations

from dataclasses import dataclass, field

from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.errors import ConflictError, NotFoundError
from dai_nifi.operations.canvas import deployed, parameter_context, scheduling
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.operations.changes import lease
from dai_nifi.operations.deployment import removal
from dai_nifi.operations.deployment.removal import queued
from dai_nifi.waiting import wait_until
from dai_scoring.progress import Progress, silent

# A flow that cannot empty its queues must not delay the command for long.
DRAIN_SECONDS = 30.0


@dataclass(frozen=True)
class Removed:
    """What was removed, and how many FlowFiles were dropped with it."""

    name: str
    id: str | None
    """The process group's id; None if an earlier undeploy had removed the group."""
    dropped_flowfiles: int
    still_used_by: list[str] = field(default_factory=list)
    """What else uses its parameter context; then the context stays, with its model."""


def undeploy(name: str, force: bool = False, timeout: float = DRAIN_SECONDS, progress: Progress = silent) -> Removed:
    """Stop and remove a deployed flow, its parameter context and the model in it.

    A running flow first processes what is queued, for ``timeout`` seconds at most. FlowFiles that are left are dropped
    with ``force``; without it, ConflictError is raised and the flow is as it was. A parameter context that
    something else uses stays.

    Raises NotFoundError if no such flow is deployed, BusyError if another command is changing it.
    """
    with lease.hold(name, "undeploy", progress) as held:
        try:
            flow = deployed.find(name)
        except NotFoundError:
            # An earlier one was cut off after it had removed the flow from the canvas.
            left = parameter_context.find(name)
            if left is None:
                held.complete()
                raise
            with held.changing():
                kept = removal.remove_context(left.id, DEFAULT_TIMEOUT)
            return Removed(name, None, 0, kept)
        with held.changing():
            return _remove(flow, force, timeout, progress)


def _remove(flow: DeployedFlow, force: bool, timeout: float, progress: Progress) -> Removed:
    name = flow.name
    running = [one for one in deployed.processors(flow.id) if one.component.state == "RUNNING"]
    if running and not force:
        progress(f"letting {name} finish what it has", None)
        scheduling.stop_entrances(flow, DEFAULT_TIMEOUT)
        _drain(flow, timeout)
    waiting = queued(flow)
    if waiting and not force:
        if running:
            scheduling.start_flow(flow, DEFAULT_TIMEOUT, progress)
            hint = f"still, after {timeout:g} s; it runs on. See dai-nifi status {name}"
        else:
            hint = f"and it does not run. Let it finish them with dai-nifi start {name}"
        raise ConflictError(
            f"{waiting} FlowFile(s) are queued in the flow {name} {hint}, or drop them with undeploy --force."
        )
    progress(f"removing {name}", None)
    dropped = removal.remove_flow(flow, DEFAULT_TIMEOUT)
    kept = removal.remove_context(flow.context_id, DEFAULT_TIMEOUT) if flow.context_id is not None else []
    return Removed(name, flow.id, dropped, kept)


def _drain(flow: DeployedFlow, timeout: float) -> None:
    """Wait until nothing is queued, or until the time is over."""
    wait_until(lambda: not queued(flow), timeout)
