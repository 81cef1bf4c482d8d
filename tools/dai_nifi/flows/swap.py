"""A new model under a running flow, and the way back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dai_nifi.errors import ModelRefusedError, NotFoundError, UsageError
from dai_nifi.flows import compare, context, deployed, handover, scorers
from dai_nifi.flows.checks import check_model
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.compare import ColumnChange, Comparison
from dai_nifi.flows.context import Asset, Context
from dai_nifi.flows.deployed import Deployed
from dai_nifi.flows.handover import Plan
from dai_nifi.flows.rest import DEFAULT_TIMEOUT, Progress, silent
from dai_nifi.scoring import opened, translated
from dai_scoring.errors import EnvironmentMissingError, LicenceError, RuntimeMissingError, ScoringError
from dai_scoring.model_file import identify, sha256
from dai_scoring.models import Runtime
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


@dataclass(frozen=True)
class Swap:
    """What a swap came to."""

    name: str
    action: str
    """swapped, unchanged, or checked after a dry run"""
    runtime: str
    old: str
    new: str
    """The models by their names as assets."""
    old_id: str | None
    new_id: str | None
    """None where nothing was looked at on this machine."""
    changes: list[ColumnChange]
    comparison: Comparison | None
    running: bool
    """Whether the flow scores."""
    paused_seconds: float | None
    """How long nothing was scored; None if the flow does not run, or nothing was changed."""


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
        InvalidFlowError: NiFi does not start with it. The flow scores with the old model then, as before.

    """
    progress("checking the model", None)
    flow = deployed.find(request.name)
    current, old = _present(flow)
    _check_kind(request, flow)
    if request.check is not None and not request.check.is_file():
        raise NotFoundError(f"there is no file {request.check}")
    if request.check is not None and request.locally is None:
        raise UsageError("records can be compared only where the models are looked at on this machine.")
    new = context.asset_name(request.model)
    scoring = scorers.find(flow)
    running = bool(scoring.running)
    if new == old.name:
        return Swap(flow.name, "unchanged", flow.mark.runtime, old.name, new, None, None, [], None, running, None)
    look = None if request.locally is None else _look(request, request.locally, current, old, progress)
    if look is not None and any(one.breaks for one in look.changes) and not (request.force or request.dry_run):
        raise BreakingChangeError(look.changes)
    seconds = None
    if not request.dry_run:
        progress(f"uploading {request.model.name}", None)
        plan = Plan(
            current,
            context.upload(current, request.model),
            sha256(request.model),
            look is not None and look.scores_nothing,
            request.preload,
            request.timeout,
        )
        seconds = handover.hand_over(plan, scoring, progress)
    return Swap(
        name=flow.name,
        action="checked" if request.dry_run else "swapped",
        runtime=flow.mark.runtime,
        old=old.name,
        new=new,
        old_id=look.old.id if look else None,
        new_id=look.new.id if look else None,
        changes=look.changes if look else [],
        comparison=look.comparison if look else None,
        running=running,
        paused_seconds=seconds,
    )


def rollback(name: str, preload: bool = True, timeout: float = DEFAULT_TIMEOUT, progress: Progress = silent) -> Swap:
    """Put the model before the last swap back; once more, and the later one is back.

    Raises NotFoundError if there is none to go back to, and what :func:`swap` raises of NiFi.
    """
    flow = deployed.find(name)
    current, present = _present(flow)
    before = current.previous
    if before is None:
        raise NotFoundError(
            f"There is no model to go back to in {name}: {present.name} was deployed, not swapped. "
            f"Bring the one that you want: dai-nifi swap {name} --model FILE."
        )
    scoring = scorers.find(flow)
    plan = Plan(current, before, context.digest(current, before), False, preload, timeout)
    seconds = handover.hand_over(plan, scoring, progress)
    return Swap(
        name,
        "swapped",
        flow.mark.runtime,
        present.name,
        before.name,
        None,
        None,
        [],
        None,
        bool(scoring.running),
        seconds,
    )


def _present(flow: Deployed) -> tuple[Context, Asset]:
    current = context.read(flow.context_id) if flow.context_id else None
    if current is None or current.model is None:
        raise UsageError(
            f"The model of {flow.name} is not one that dai-nifi brought to NiFi, so there is none to come back to. "
            f"Deploy it with one first: dai-nifi deploy {flow.mark.flow} --name {flow.name} --model FILE."
        )
    return current, current.model


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
    """Load both models on this machine."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dai-nifi-swap-")))
        # The new one first: if it is broken, the old one need not be fetched.
        new_scorer = stack.enter_context(_loaded(request.model, how, progress))
        progress(f"fetching {old.name} from NiFi", None)
        old_scorer = stack.enter_context(_loaded(context.download(current, old, folder), how, progress))
        comparison = None
        if request.check is not None:
            progress(f"scoring {request.check.name} with both", None)
            with translated():
                comparison = compare.compare(old_scorer, new_scorer, request.check)
        return Look(
            old_scorer.info,
            new_scorer.info,
            compare.column_changes(old_scorer.info, new_scorer.info),
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
