"""Starting and stopping a deployed flow."""

from __future__ import annotations

from dataclasses import dataclass

from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.operations.canvas import deployed, scheduling
from dai_nifi.operations.changes import lease
from dai_scoring.progress import Progress, silent


@dataclass(frozen=True)
class Change:
    """What start or stop did; ``changed`` is false if the flow was so already."""

    name: str
    id: str
    state: str
    changed: bool


def start(name: str, timeout: float = DEFAULT_TIMEOUT, progress: Progress = silent) -> Change:
    """Start a deployed flow once everything in it is valid.

    Raises:
        NotFoundError: no such flow.
        InvalidFlowError: a component is not valid, or does not start; says which and why.
        ConflictError: the port that the flow should listen at is taken.
        BusyError: another command is changing the flow.

    """
    flow = deployed.find(name)
    with lease.hold(name, "start", progress) as held, held.changing():
        changed = scheduling.start_flow(flow, timeout, progress)
    return Change(name, flow.id, "RUNNING", changed)


def stop(name: str, timeout: float = DEFAULT_TIMEOUT, progress: Progress = silent) -> Change:
    """Stop a deployed flow; FlowFiles stay in its queues. Raises NotFoundError, BusyError, InvalidFlowError."""
    flow = deployed.find(name)
    with lease.hold(name, "stop", progress) as held, held.changing():
        progress(f"stopping {name}", None)
        changed = scheduling.stop_group(flow.id, timeout)
    return Change(name, flow.id, "STOPPED", changed)
