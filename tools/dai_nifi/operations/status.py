"""What a deployed flow is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dai_nifi.client import api
from dai_nifi.errors import NotFoundError, NotPermittedError
from dai_nifi.flows.model_parameters import MODEL_PARAMETERS
from dai_nifi.flows.realtime import requests
from dai_nifi.operations.canvas import bulletins, counters, deployed, overrides, parameter_context, validity
from dai_nifi.operations.canvas.assets import Asset
from dai_nifi.operations.canvas.bulletins import Bulletin
from dai_nifi.operations.canvas.counters import Agreement, ModelCounts
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.operations.canvas.parameter_context import ParameterContext
from dai_nifi.operations.changes import lease
from dai_nifi.operations.changes.journal import FlowChange
from dai_nifi.operations.models import processor_state
from dai_nifi.operations.models.processor_state import ProcessorState
from dai_nifi_protocol import State
from dai_scoring.model_file import Kind

NOT_SCORING = "not scoring"


@dataclass(frozen=True)
class Traffic:
    """What the scoring processor handled in the last five minutes, in FlowFiles and bytes."""

    flowfiles_in: int
    flowfiles_out: int
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True)
class Queue:
    """What waits between two processors; ``full`` is the share of 1 at which NiFi holds back what comes before."""

    name: str
    source: str
    target: str
    flowfiles: int
    bytes: int
    full: float


@dataclass(frozen=True)
class LoadedModel:
    """The model that a scoring processor has loaded on a node, as it reported when it was last started."""

    id: str
    file: str
    sha256: str
    runtime: str
    role: str | None = None
    """champion or challenger, in a flow that has both."""
    kind: str | None = None
    """What kind of model it is: a value of :class:`dai_scoring.model_file.Kind`."""


@dataclass(frozen=True)
class FlowStatus:
    """A deployed flow at one moment."""

    name: str
    flow: str
    runtime: str
    state: str
    """running, not scoring (it runs, but its model cannot score now), stopped, partly running or invalid"""
    running: int
    stopped: int
    invalid: int
    problems: list[str]
    queued_flowfiles: int
    queued_bytes: int
    queues: list[Queue]
    """Those in which something waits."""
    scoring: Traffic
    counts: list[ModelCounts]
    model: str | None
    """The model that is set, by its name as an asset."""
    previous: str | None
    """The model that a rollback would bring back."""
    loaded: list[LoadedModel]
    """The model that scores, once for each that differs among the nodes; empty while nothing runs."""
    parameters: dict[str, str | None]
    set_on_canvas: dict[str, str]
    """Values that are set in the scoring processor itself and replace those of parameters, by the parameters' names."""
    endpoint: str | None
    bulletins: list[Bulletin]
    """Warnings and errors of the last five minutes, the oldest first."""
    id: str
    url: str
    under_way: FlowChange | None = None
    """A change of the flow that a command makes, or was making when it was cut off."""
    agreement: Agreement | None = None
    """Of champion and challenger, where it has them."""


def status(name: str) -> FlowStatus:
    """The state of a deployed flow; raises NotFoundError if no flow has that name."""
    under_way = lease.change_of(name)
    try:
        flow = deployed.find(name)
    except NotFoundError as error:
        if under_way is not None:
            text = f"{error} {under_way.says[0].upper()}{under_way.says[1:]}."
            error.args = (f"{text} {under_way.advice(is_there=False)}" if under_way.cut_off else text,)
        raise
    return _status_of(flow, under_way)


def status_all() -> list[FlowStatus]:
    """Look at every deployed flow."""
    under_way = {one.name: one for one in lease.all_changes()}
    return [_status_of(one, under_way.get(one.name)) for one in deployed.find_all()]


def _status_of(flow: DeployedFlow, under_way: FlowChange | None) -> FlowStatus:
    found = deployed.processors(flow.id)
    states = [_state(one) for one in found]
    whole = _snapshot(flow)
    values = _values(flow)
    shown = values.shown if values else {}
    reported = [one for one in bulletins.read(flow.id) if one.level in ("WARNING", "ERROR")]
    scoring = overrides.scoring_processors(flow, found)
    by_processor = {one.id: processor_state.read(one.id) for one in scoring if one.component.state == "RUNNING"}
    loaded = _loaded(scoring, by_processor)
    waiting = _not_scoring(scoring, by_processor)
    return FlowStatus(
        name=flow.name,
        flow=flow.mark.flow,
        runtime=flow.mark.runtime,
        state=NOT_SCORING if waiting and "running" in states else _overall(states),
        running=states.count("running"),
        stopped=states.count("stopped"),
        invalid=states.count("invalid"),
        problems=[*validity.problems(found), *waiting],
        queued_flowfiles=int(whole.flow_files_queued or 0),
        queued_bytes=int(whole.bytes_queued or 0),
        queues=_queues(whole),
        scoring=_traffic(scoring),
        counts=_counts(scoring, loaded),
        model=_name(values.model() if values else None),
        previous=_name(values.previous() if values else None),
        loaded=loaded,
        parameters=shown,
        set_on_canvas=overrides.read(flow, found),
        endpoint=requests.endpoint(shown),
        bulletins=reported[-10:],
        id=flow.id,
        url=api.canvas_address(flow.id),
        under_way=under_way,
        agreement=counters.agreement(found),
    )


def _counts(scoring: list[Any], loaded: list[LoadedModel]) -> list[ModelCounts]:
    """The counts; unseen levels are None for all models but those of H2O-3, whose runtimes do not count them."""
    uncounted = {one.id for one in loaded if one.kind != Kind.H2O3_MOJO.value}
    files = {one.id: one.file for one in loaded}
    return [
        replace(
            one,
            name=files.get(one.model),
            role=role,
            levels_unseen=None if one.model in uncounted else one.levels_unseen,
        )
        for role, processors in _by_role(scoring)
        for one in counters.counted(each.id for each in processors)
    ]


def _by_role(scoring: list[Any]) -> list[tuple[str | None, list[Any]]]:
    """The scoring processors of champion and challenger, by the parameter that their model is; else all together."""
    reference = f"#{{{MODEL_PARAMETERS['challenger'].parameter.name}}}"
    parted: dict[str, list[Any]] = {"champion": [], "challenger": []}
    for one in scoring:
        values = (one.component.config.properties or {}).values()
        parted["challenger" if reference in values else "champion"].append(one)
    return list(parted.items()) if all(parted.values()) else [(None, scoring)]


def _name(asset: Asset | None) -> str | None:
    return asset.name if asset is not None else None


def _values(flow: DeployedFlow) -> ParameterContext | None:
    """The flow's parameters, None if it has none, or this user may not see them."""
    try:
        return parameter_context.read(flow.context_id) if flow.context_id else None
    except NotPermittedError:
        return None


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


def _snapshot(flow: DeployedFlow) -> Any:
    """NiFi's statistics of a group with everything in it."""
    found = api.flow.get_process_group_status(flow.id, recursive=False)
    return found.process_group_status.aggregate_snapshot


def _queues(whole: Any) -> list[Queue]:
    found = [one.connection_status_snapshot for one in whole.connection_status_snapshots or []]
    return [
        Queue(
            one.name or "",
            one.source_name,
            one.destination_name,
            int(one.flow_files_queued),
            int(one.bytes_queued or 0),
            max(int(one.percent_use_count or 0), int(one.percent_use_bytes or 0)) / 100,
        )
        for one in sorted(found, key=lambda one: -int(one.flow_files_queued or 0))
        if one.flow_files_queued
    ]


def _not_scoring(scoring: list[Any], states: Mapping[str, ProcessorState]) -> list[str]:
    """Why running processors do not score, as they report it, or the watch over their process does."""
    names = {one.id: one.component.name for one in scoring}
    return [
        f"{names[each]} does not score now: {problem}" for each, state in states.items() for problem in state.problems()
    ]


def _loaded(scoring: list[Any], by_processor: Mapping[str, ProcessorState]) -> list[LoadedModel]:
    found = (
        LoadedModel(
            node[State.MODEL_ID],
            node[State.MODEL_FILE],
            node[State.MODEL_SHA256],
            node[State.RUNTIME],
            role,
            node.get(State.MODEL_KIND),
        )
        for role, processors in _by_role(scoring)
        for one in processors
        if one.id in by_processor
        for node in by_processor[one.id].nodes
        if State.MODEL_SHA256 in node
    )
    return list(dict.fromkeys(found))


def _traffic(scoring: list[Any]) -> Traffic:
    totals = [one.status.aggregate_snapshot for one in scoring]
    return Traffic(
        flowfiles_in=sum(one.flow_files_in or 0 for one in totals),
        flowfiles_out=sum(one.flow_files_out or 0 for one in totals),
        bytes_in=sum(one.bytes_in or 0 for one in totals),
        bytes_out=sum(one.bytes_out or 0 for one in totals),
    )
