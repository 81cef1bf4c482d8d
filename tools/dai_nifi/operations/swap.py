"""Replaces the model of a running flow, and puts the old one back."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.errors import ModelRefusedError, NotFoundError, UsageError
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.model_parameters import MAIN, MODEL_PARAMETERS, ModelParameter
from dai_nifi.operations.canvas import assets, deployed, parameter_context
from dai_nifi.operations.canvas.assets import Asset
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.operations.canvas.parameter_context import ParameterContext
from dai_nifi.operations.changes import lease
from dai_nifi.operations.changes.journal import FlowChange
from dai_nifi.operations.changes.lease import Lease
from dai_nifi.operations.deployment.checks import check_model
from dai_nifi.operations.models import local_check, scoring_processors
from dai_nifi.operations.models.compare import ColumnChange, Comparison
from dai_nifi.operations.models.local_check import LOCALLY, Locally
from dai_nifi.operations.models.switch import ModelSwitch, finish, switch
from dai_scoring.cli.opening import translated
from dai_scoring.model_file import identify, sha256
from dai_scoring.progress import Progress, silent


@dataclass(frozen=True)
class SwapRequest:
    """Which model replaces the present one in which deployed flow.

    ``check`` is a file of records to score with both. ``locally`` of None leaves the check of the model to NiFi.
    """

    name: str
    model: Path
    check: Path | None = None
    force: bool = False
    """Whether columns may change in a way that breaks readers or writers of today."""
    dry_run: bool = False
    locally: Locally | None = LOCALLY
    preload: bool = True
    """Load the new model while the old one scores; takes the memory of both for a while."""
    timeout: float = DEFAULT_TIMEOUT
    of: str = MAIN.name
    """Which of the flow's models: model, or challenger if it has one."""


@dataclass(frozen=True)
class Swap:
    """The result of a swap."""

    name: str
    action: str
    """swapped, unchanged, checked after a dry run, or finished: what an earlier command had begun and was cut off at"""
    runtime: str
    old: str
    new: str
    """The models by their names as assets."""
    running: bool
    """Whether the flow scores."""
    old_id: str | None = None
    new_id: str | None = None
    """The models' ids; None if they were not loaded on this machine."""
    changes: list[ColumnChange] = field(default_factory=list)
    comparison: Comparison | None = None
    paused_seconds: float | None = None
    """How long nothing was scored; None if the flow does not run, or nothing was changed."""
    of: str = MAIN.name


def swap(request: SwapRequest, progress: Progress = silent) -> Swap:
    """Put another model into a deployed flow; what is queued stays, and nothing fails.

    Raises:
        NotFoundError: no such flow, or no file of records.
        UsageError: the flow's model was not uploaded by this tool.
        ModelRefusedError: the file is not a model, or of another runtime, or cannot be loaded here or in NiFi.
        BreakingChangeError: its columns differ too much.
        ScoringFailedError: the records to compare with cannot be scored.
        BusyError: another command is changing the flow.
        InvalidFlowError: NiFi does not start with it. The flow scores with the old model then, as before.
        NotRestoredError: nor with the old one; rollback() continues from there.

    """
    flow = deployed.find(request.name)
    if request.dry_run:
        return _swap(request, flow, None, progress)
    with lease.hold(flow.name, "swap", progress) as held:
        return _swap(request, flow, held, progress)


def _swap(request: SwapRequest, flow: DeployedFlow, held: Lease | None, progress: Progress) -> Swap:
    """Check the model, and with a lease on the flow also change it."""
    progress("checking the model", None)
    parameter = _parameter(request.of)
    context, old = _present(flow, parameter)
    _check_kind(request, flow)
    if request.check is not None and not request.check.is_file():
        raise NotFoundError(f"there is no file {request.check}")
    if request.check is not None and request.locally is None:
        raise UsageError("records can be compared only if the models are loaded on this machine.")
    new = assets.name_of(request.model)
    unfinished = _unfinished(held, parameter)
    scoring = scoring_processors.find(flow, parameter, unfinished.stopped if unfinished else ())
    result = partial(Swap, flow.name, runtime=flow.mark.runtime, running=bool(scoring.running), of=parameter.name)
    if new == old.name:
        if held is not None and unfinished is not None:
            to = ModelSwitch(context, parameter, old, sha256(request.model), False, False, request.timeout)
            seconds = finish(to, scoring, held, progress)
            return result(action="finished", old=unfinished.old or old.name, new=new, paused_seconds=seconds)
        return result(action="unchanged", old=old.name, new=new)
    found = None
    if request.locally is not None:
        found = local_check.check(
            request.model,
            context.id,
            old,
            request.locally,
            progress,
            rows=request.check,
            allow_breaking=request.force or request.dry_run,
        )
    seconds = None
    if held is not None:
        progress(f"uploading {request.model.name}", None)
        to = ModelSwitch(
            context,
            parameter,
            assets.upload(context.id, request.model),
            sha256(request.model),
            found is not None and found.scores_empty_row,
            request.preload,
            request.timeout,
        )
        seconds = switch(to, scoring, held, progress)
    return result(
        action="checked" if held is None else "swapped",
        old=old.name,
        new=new,
        old_id=found.old.id if found else None,
        new_id=found.new.id if found else None,
        changes=found.changes if found else [],
        comparison=found.comparison if found else None,
        paused_seconds=seconds,
    )


def rollback(
    name: str,
    preload: bool = True,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress = silent,
    of: str = MAIN.name,
) -> Swap:
    """Put back the model before the last swap; a second rollback reverts the first.

    After a swap that was cut off, the model before it is put back, whether or not it had been replaced yet. A rollback
    that was cut off is finished.

    Raises NotFoundError if there is no earlier model, and the errors of :func:`swap` about NiFi.
    """
    flow = deployed.find(name)
    with lease.hold(name, "rollback", progress) as held:
        parameter = _parameter(of)
        context, present = _present(flow, parameter)
        before = context.previous(parameter)
        unfinished = _unfinished(held, parameter)
        scoring = scoring_processors.find(flow, parameter, unfinished.stopped if unfinished else ())
        result = partial(Swap, name, runtime=flow.mark.runtime, running=bool(scoring.running), of=parameter.name)
        if unfinished is not None:
            was_rollback = unfinished.verb == "rollback"
            if present.name == (unfinished.new if was_rollback else unfinished.old):
                digest = assets.digest(context.id, present)
                to = ModelSwitch(context, parameter, present, digest, False, False, timeout)
                seconds = finish(to, scoring, held, progress)
                gone = (unfinished.old if was_rollback else unfinished.new) or present.name
                return result(action="finished", old=gone, new=present.name, paused_seconds=seconds)
        if before is None:
            raise NotFoundError(
                f"There is no {parameter.name} to go back to in {name}: {present.name} was deployed, not swapped. "
                f"Swap to the one that you want: dai-nifi swap {name} --model FILE."
            )
        digest = assets.digest(context.id, before)
        to = ModelSwitch(context, parameter, before, digest, False, preload, timeout)
        seconds = switch(to, scoring, held, progress)
        return result(action="swapped", old=present.name, new=before.name, paused_seconds=seconds)


def _parameter(of: str) -> ModelParameter:
    try:
        return MODEL_PARAMETERS[of]
    except KeyError:
        raise UsageError(f"--of is {' or '.join(MODEL_PARAMETERS)}, not {of!r}.") from None


def _unfinished(held: Lease | None, parameter: ModelParameter) -> FlowChange | None:
    """The earlier change of this model that was cut off, if there is one."""
    found = held.unfinished if held is not None else None
    return found if found is not None and found.of == parameter.name else None


def _present(flow: DeployedFlow, parameter: ModelParameter) -> tuple[ParameterContext, Asset]:
    context = parameter_context.read(flow.context_id) if flow.context_id else None
    if context is not None and parameter.parameter.name not in context.values:
        raise UsageError(f"The flow {flow.name} is a {flow.mark.flow}, which has no {parameter.name}.")
    model = context.model(parameter) if context is not None else None
    if context is None or model is None:
        raise UsageError(
            f"The {parameter.name} of {flow.name} was not uploaded by dai-nifi, so there would be nothing to roll back "
            f"to. Deploy the flow with one first: dai-nifi deploy {flow.mark.flow} --name {flow.name} "
            + ("--model FILE." if parameter is MAIN else f"--param {parameter.parameter.name}=FILE.")
        )
    return context, model


def _check_kind(request: SwapRequest, flow: DeployedFlow) -> None:
    try:
        check_model(request.model, flow.mark.runtime)
    except ModelRefusedError as error:
        with translated():
            found = identify(request.model)
        others = [one.name for one in RUNTIMES.values() if found in one.kinds]
        if flow.mark.runtime in others:
            raise
        raise ModelRefusedError(
            f"{error} A swap keeps the runtime; to change it: dai-nifi deploy {flow.mark.flow} --name {flow.name} "
            f"--runtime {others[0]} --model {request.model}"
        ) from error
