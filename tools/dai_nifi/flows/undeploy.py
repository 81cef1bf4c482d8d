"""Removing a deployed flow with its parameter context and its model."""

from __future__ import annotations

import time
from dataclasses import dataclass

import nipyapi

from dai_nifi.errors import ConflictError, InvalidFlowError, NotFoundError
from dai_nifi.flows import claims, context, deployed, lifecycle
from dai_nifi.flows.deployed import Deployed
from dai_nifi.flows.rest import DEFAULT_TIMEOUT, nifi_calls, until_accepted, wait_for
from dai_nifi.progress import Progress, silent

# A flow that cannot work off its queues shall not hold anybody for long.
DRAIN_SECONDS = 30.0

_GRACE = 10.0


@dataclass(frozen=True)
class Removed:
    """What was removed, and how many FlowFiles were dropped with it."""

    name: str
    id: str | None
    """The process group's; None where an earlier undeploy had removed it."""
    dropped_flowfiles: int


def undeploy(name: str, force: bool = False, timeout: float = DRAIN_SECONDS, progress: Progress = silent) -> Removed:
    """Stop and remove a deployed flow, its parameter context and the model in it.

    A running flow first works off what it has queued, for ``timeout`` seconds at most. FlowFiles that are left are
    dropped with ``force``; without it they are a ConflictError, and the flow is as it was.

    Raises NotFoundError if no such flow is deployed, BusyError if another command is changing it.
    """
    with claims.claimed(name, "undeploy", progress) as claim:
        try:
            flow = deployed.find(name)
        except NotFoundError:
            # An earlier one was cut off after it had removed the flow from the canvas.
            left = context.find(name)
            if left is None:
                claim.settle()
                raise
            with claim.changing():
                context.remove(left.id, DEFAULT_TIMEOUT)
            return Removed(name, None, 0)
        with claim.changing():
            return _remove(flow, force, timeout, progress)


def _remove(flow: Deployed, force: bool, timeout: float, progress: Progress) -> Removed:
    name = flow.name
    running = [one for one in deployed.processors(flow.id) if one.component.state == "RUNNING"]
    if running and not force:
        progress(f"letting {name} finish what it has", None)
        lifecycle.stop_entrances(flow, DEFAULT_TIMEOUT)
        _drain(flow, timeout)
    waiting = queued(flow)
    if waiting and not force:
        if running:
            lifecycle.start_group(flow, DEFAULT_TIMEOUT, progress)
            hint = f"still, after {timeout:g} s; it runs on. See dai-nifi status {name}"
        else:
            hint = f"and it does not run. Let it finish them with dai-nifi start {name}"
        raise ConflictError(
            f"{waiting} FlowFile(s) are queued in the flow {name} {hint}, or drop them with undeploy --force."
        )
    progress(f"removing {name}", None)
    lifecycle.stop_group(flow.id, DEFAULT_TIMEOUT)
    dropped = queued(flow)
    if dropped:
        _drop(flow, DEFAULT_TIMEOUT)
    lifecycle.set_services(flow.id, "DISABLED", DEFAULT_TIMEOUT)

    def take_away() -> None:
        version = str(deployed.group(flow).revision.version)
        nipyapi.nifi.ProcessGroupsApi().remove_process_group(flow.id, version=version)

    until_accepted(take_away)
    if flow.context_id is not None:
        context.remove(flow.context_id, DEFAULT_TIMEOUT)
    return Removed(name, flow.id, dropped)


def queued(flow: Deployed) -> int:
    """How many FlowFiles wait in a flow's queues or are worked on."""
    return int(deployed.group(flow).status.aggregate_snapshot.flow_files_queued or 0)


def _drain(flow: Deployed, timeout: float) -> None:
    """Wait until nothing is queued, or until the time is over."""
    deadline = time.monotonic() + timeout

    def over() -> bool | None:
        return True if not queued(flow) or time.monotonic() > deadline else None

    wait_for(over, timeout + _GRACE, lambda: InvalidFlowError(f"NiFi does not tell what is queued in {flow.name}."))


def _drop(flow: Deployed, timeout: float) -> None:
    calls = nipyapi.nifi.ProcessGroupsApi()
    with nifi_calls():
        request = calls.create_empty_all_connections_request(flow.id).drop_request.id

        def finished() -> bool | None:
            return True if calls.get_drop_all_flowfiles_request(flow.id, request).drop_request.finished else None

        wait_for(finished, timeout, lambda: InvalidFlowError(f"NiFi did not empty the queues within {timeout:g} s."))
        calls.remove_drop_request1(flow.id, request)
