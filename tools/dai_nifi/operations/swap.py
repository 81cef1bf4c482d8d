"""A new model under a running flow, and the way back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dai_nifi.client.calls import DEFAULT_TIMEOUT
from dai_nifi.errors import ModelRefusedError, NotFoundError, ScoringFailedError, UsageError
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.model_parameters import MAIN, SLOTS, Slot
from dai_nifi.operations import lease
from dai_nifi.operations.canvas import context, deployed
from dai_nifi.operations.canvas.context import Asset, Context
from dai_nifi.operations.canvas.deployed import Deployed
from dai_nifi.operations.deployment.checks import check_model
from dai_nifi.operations.lease import Claim, UnderWay
from dai_nifi.operations.models import compare, scoring_processors, switch
from dai_nifi.operations.models.compare import ColumnChange, Comparison
from dai_nifi.operations.models.switch import Plan
from dai_scoring.cli.opening import opened, translated
from dai_scoring.errors import EnvironmentMissingError, LicenceError, RuntimeMissingError, ScoringError
from dai_scoring.model_file import identify, sha256
from dai_scoring.models import Runtime
from dai_scoring.progress import Progress, silent
from dai_scoring.scorer import ModelInfo, PipelineSettings, Scorer


@dataclass(frozen=True)
class Locally:
    """How models are loaded on this machine, to look at them before anything changes."""

    accept_h2o_licence: bool = False
    licence_file: Path | None = None
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)


LOCALLY = Locally()


@dataclass(frozen=True)
class SwapRequest:
    """Which model is to take the place of the present one in which deployed flow.

    ``check`` is a file of records to score with both. ``locally`` of None leaves the look at the model to NiFi.
    """

    name: str
    model: Path
    check: Path | None = None
    force: bool = False
    """Although columns change in a way that breaks what is there."""
    dry_run: bool = False
    locally: Locally | None = LOCALLY
    preload: bool = True
    """Load the new model beside the old one; takes the memory of both for a while."""
    timeout: float = DEFAULT_TIMEOUT
    of: str = MAIN.name
    """Which of the flow's models: model, or challenger where it has one."""


@dataclass(frozen=True)
class Swap:
    """What a swap came to."""

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
    """None where nothing was looked at on this machine."""
    changes: list[ColumnChange] = field(default_factory=list)
    comparison: Comparison | None = None
    paused_seconds: float | None = None
    """How long nothing was scored; None if the flow does not run, or nothing was changed."""
    of: str = MAIN.name


@dataclass(frozen=True)
class Look:
    """What was found out about both models on this machine."""

    old: ModelInfo
    new: ModelInfo
    changes: list[ColumnChange]
    comparison: Comparison | None
    scores_nothing: bool
    """Whether the new model scores a row without values."""


class BreakingChangeError(ModelRefusedError):
    """The columns of the other model differ in a way that breaks what is there."""

    code = "breaking_change"

    def __init__(self, changes: list[ColumnChange]) -> None:
        self.changes = changes
        lines = "\n  ".join(
            f"{one.kind} column {one.column} is {one.change}"
            + (f": {one.old} becomes {one.new}" if one.old and one.new else f" ({one.new or one.old})")
            for one in changes
            if one.breaks
        )
        super().__init__(
            f"The model has other columns than the present one, so it may not fit what goes in and what comes out:\n  "
            f"{lines}\nNothing was changed. If records and readers are ready for that, add --force."
        )


def swap(request: SwapRequest, progress: Progress = silent) -> Swap:
    """Put another model into a deployed flow; what is queued stays, and nothing fails.

    Raises:
        NotFoundError: no such flow, or no file of records.
        UsageError: the flow's model was not brought there by this tool.
        ModelRefusedError: the model is none, or of another runtime, or cannot be loaded here or in NiFi.
        BreakingChangeError: its columns differ too much.
        ScoringFailedError: the records to compare with cannot be scored.
        BusyError: another command is changing the flow.
        InvalidFlowError: NiFi does not start with it. The flow scores with the old model then, as before.
        NotRestoredError: nor with the old one; rollback() goes on from there.

    """
    flow = deployed.find(request.name)
    if request.dry_run:
        return _swap(request, flow, None, progress)
    with lease.claimed(flow.name, "swap", progress) as claim:
        return _swap(request, flow, claim, progress)


def _swap(request: SwapRequest, flow: Deployed, claim: Claim | None, progress: Progress) -> Swap:
    """Look, and with a claim on the flow also change it."""
    progress("checking the model", None)
    slot = _slot(request.of)
    current, old = _present(flow, slot)
    _check_kind(request, flow)
    if request.check is not None and not request.check.is_file():
        raise NotFoundError(f"there is no file {request.check}")
    if request.check is not None and request.locally is None:
        raise UsageError("records can be compared only where the models are looked at on this machine.")
    new = context.asset_name(request.model)
    left = _left(claim, slot)
    scoring = scoring_processors.find(flow, slot, left.stopped if left else ())
    done = partial(Swap, flow.name, runtime=flow.mark.runtime, running=bool(scoring.running), of=slot.name)
    if new == old.name:
        if claim is not None and left is not None:
            plan = Plan(current, slot, old, sha256(request.model), False, False, request.timeout)
            seconds = switch.go_on(plan, scoring, claim, progress)
            return done(action="finished", old=left.old or old.name, new=new, paused_seconds=seconds)
        return done(action="unchanged", old=old.name, new=new)
    look = None if request.locally is None else _look(request, request.locally, current, old, progress)
    seconds = None
    if claim is not None:
        progress(f"uploading {request.model.name}", None)
        plan = Plan(
            current,
            slot,
            context.upload(current, request.model),
            sha256(request.model),
            look is not None and look.scores_nothing,
            request.preload,
            request.timeout,
        )
        seconds = switch.hand_over(plan, scoring, claim, progress)
    return done(
        action="checked" if claim is None else "swapped",
        old=old.name,
        new=new,
        old_id=look.old.id if look else None,
        new_id=look.new.id if look else None,
        changes=look.changes if look else [],
        comparison=look.comparison if look else None,
        paused_seconds=seconds,
    )


def rollback(
    name: str,
    preload: bool = True,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress = silent,
    of: str = MAIN.name,
) -> Swap:
    """Put the model before the last swap back; once more, and the later one is back.

    After a swap that was cut off, the model before that one is put back, whether it had been changed yet or not; after
    a rollback that was cut off, that is finished.

    Raises NotFoundError if there is none to go back to, and what :func:`swap` raises of NiFi.
    """
    flow = deployed.find(name)
    with lease.claimed(name, "rollback", progress) as claim:
        slot = _slot(of)
        current, present = _present(flow, slot)
        before = current.previous(slot)
        left = _left(claim, slot)
        scoring = scoring_processors.find(flow, slot, left.stopped if left else ())
        done = partial(Swap, name, runtime=flow.mark.runtime, running=bool(scoring.running), of=slot.name)
        if left is not None and present.name == (left.new if left.verb == "rollback" else left.old):
            plan = Plan(current, slot, present, context.digest(current, present), False, False, timeout)
            seconds = switch.go_on(plan, scoring, claim, progress)
            gone = (left.old if left.verb == "rollback" else left.new) or present.name
            return done(action="finished", old=gone, new=present.name, paused_seconds=seconds)
        if before is None:
            raise NotFoundError(
                f"There is no {slot.name} to go back to in {name}: {present.name} was deployed, not swapped. "
                f"Bring the one that you want: dai-nifi swap {name} --model FILE."
            )
        plan = Plan(current, slot, before, context.digest(current, before), False, preload, timeout)
        seconds = switch.hand_over(plan, scoring, claim, progress)
        return done(action="swapped", old=present.name, new=before.name, paused_seconds=seconds)


def _slot(of: str) -> Slot:
    try:
        return SLOTS[of]
    except KeyError:
        raise UsageError(f"--of is {' or '.join(SLOTS)}, not {of!r}.") from None


def _left(claim: Claim | None, slot: Slot) -> UnderWay | None:
    """The earlier change of this model that was cut off, if there is one."""
    left = claim.left if claim is not None else None
    return left if left is not None and left.of == slot.name else None


def _present(flow: Deployed, slot: Slot) -> tuple[Context, Asset]:
    current = context.read(flow.context_id) if flow.context_id else None
    if current is not None and slot.parameter.name not in current.values:
        raise UsageError(f"The flow {flow.name} is a {flow.mark.flow}, which has no {slot.name}.")
    model = current.model(slot) if current is not None else None
    if current is None or model is None:
        raise UsageError(
            f"The {slot.name} of {flow.name} is not one that dai-nifi brought to NiFi, so there is none to come back "
            f"to. Deploy it with one first: dai-nifi deploy {flow.mark.flow} --name {flow.name} "
            + ("--model FILE." if slot is MAIN else f"--param {slot.parameter.name}=FILE.")
        )
    return current, model


def _check_kind(request: SwapRequest, flow: Deployed) -> None:
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


def _look(request: SwapRequest, how: Locally, current: Context, old: Asset, progress: Progress) -> Look:
    """Load both models on this machine; raises BreakingChangeError where that is to stop a swap."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dai-nifi-swap-")))
        # The new one first: if it is broken, the old one need not be fetched.
        new_scorer = stack.enter_context(_loaded(request.model, how, progress))
        progress(f"fetching {old.name} from NiFi", None)
        old_scorer = stack.enter_context(_loaded(context.download(current, old, folder), how, progress))
        changes = compare.column_changes(old_scorer.info, new_scorer.info)
        if any(one.breaks for one in changes) and not (request.force or request.dry_run):
            raise BreakingChangeError(changes)
        comparison = None
        if request.check is not None:
            progress(f"scoring {request.check.name} with both", None)
            with translated():
                comparison = compare.compare(old_scorer, new_scorer, request.check)
            if not comparison.rows:
                raise ScoringFailedError(f"there are no records in {request.check} to compare the models with")
        return Look(
            old_scorer.info,
            new_scorer.info,
            changes,
            comparison,
            _scores_nothing(new_scorer),
        )


@contextmanager
def _loaded(model: Path, how: Locally, progress: Progress) -> Iterator[Scorer]:
    try:
        # Whichever runtime this machine has for the kind of model: the scores are the same.
        with opened(
            model, progress, Runtime.AUTO, how.accept_h2o_licence, how.licence_file, pipeline=how.pipeline
        ) as it:
            yield it
    except ModelRefusedError as error:
        if isinstance(error.__cause__, (RuntimeMissingError, LicenceError, EnvironmentMissingError)):
            error.args = (f"{error}\nIf only NiFi can load such models: --no-local-check leaves the check to it.",)
        raise


def _scores_nothing(scorer: Scorer) -> bool:
    try:
        return scorer.try_out()
    except ScoringError:
        return False
