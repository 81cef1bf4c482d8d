"""What a deployed flow is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dai_nifi.flows import context, deployed, lifecycle, serving
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.deployed import Deployed
from dai_nifi.flows.lifecycle import Bulletin
from dai_nifi.flows.rest import canvas


@dataclass(frozen=True)
class Traffic:
    """What the scoring processor handled in NiFi's last five minutes, in FlowFiles and bytes."""

    flowfiles_in: int
    flowfiles_out: int
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True)
class FlowStatus:
    """A deployed flow at one moment."""

    name: str
    flow: str
    runtime: str
    state: str
    """running, stopped, partly running or invalid"""
    running: int
    stopped: int
    invalid: int
    problems: list[str]
    queued_flowfiles: int
    queued_bytes: int
    scoring: Traffic
    model: str | None
    parameters: dict[str, str | None]
    endpoint: str | None
    bulletins: list[Bulletin]
    """Warnings and errors of the last five minutes, the oldest first."""
    id: str
    url: str


def status(name: str) -> FlowStatus:
    """Look at a deployed flow; raises NotFoundError if there is none of that name."""
    return _look(deployed.find(name))


def status_all() -> list[FlowStatus]:
    """Look at every deployed flow."""
    return [_look(one) for one in deployed.find_all()]


def _look(flow: Deployed) -> FlowStatus:
    found = deployed.processors(flow.id)
    states = [_state(one) for one in found]
    queues = deployed.group(flow).status.aggregate_snapshot
    values = context.read(flow.context_id) if flow.context_id else None
    shown = values.shown if values else {}
    told = [one for one in lifecycle.bulletins(flow.id) if one.level in ("WARNING", "ERROR")]
    return FlowStatus(
        name=flow.name,
        flow=flow.mark.flow,
        runtime=flow.mark.runtime,
        state=_overall(states),
        running=states.count("running"),
        stopped=states.count("stopped"),
        invalid=states.count("invalid"),
        problems=lifecycle.problems(found),
        queued_flowfiles=int(queues.flow_files_queued or 0),
        queued_bytes=int(queues.bytes_queued or 0),
        scoring=_traffic(flow, found),
        model=values.model.name if values and values.model else None,
        parameters=shown,
        endpoint=serving.endpoint(shown),
        bulletins=told[-10:],
        id=flow.id,
        url=canvas(flow.id),
    )


def _state(processor: Any) -> str:
    if processor.component.state == "RUNNING":
        return "running"
    return "invalid" if processor.component.validation_status == "INVALID" else "stopped"


def _overall(states: list[str]) -> str:
    if states and all(one == "running" for one in states):
        return "running"
    if "running" in states:
        return "partly running"
    return "invalid" if "invalid" in states else "stopped"


def _traffic(flow: Deployed, found: list[Any]) -> Traffic:
    runtime = RUNTIMES.get(flow.mark.runtime)
    scorers = [one.status.aggregate_snapshot for one in found if runtime and one.component.type == runtime.processor]
    return Traffic(
        flowfiles_in=sum(one.flow_files_in or 0 for one in scorers),
        flowfiles_out=sum(one.flow_files_out or 0 for one in scorers),
        bytes_in=sum(one.bytes_in or 0 for one in scorers),
        bytes_out=sum(one.bytes_out or 0 for one in scorers),
    )
