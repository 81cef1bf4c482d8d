"""From one model to another under a running flow: FlowFiles wait for a moment, and none fails.

Only the scoring processor is stopped; what comes in meanwhile is queued. The new model is loaded beside the old one
first, so that the moment does not depend on its size. Whatever goes wrong, the old model is put back.
"""

from __future__ import annotations

import json
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dai_nifi.errors import NotRestoredError, ToolError
from dai_nifi.flows.model_parameters import Slot
from dai_nifi.operations import lifecycle
from dai_nifi.operations.canvas import context
from dai_nifi.operations.canvas.context import Asset, Context
from dai_nifi.operations.lease import Claim
from dai_nifi.operations.models.scoring_processors import QUICK, Scorers
from dai_scoring.progress import Progress

# As processors/dai_scoring_nifi/successor.py has it, which runs in NiFi.
WORD = "next-model.json"


@dataclass(frozen=True)
class Plan:
    """Which model is to take the place of which."""

    current: Context
    slot: Slot
    model: Asset
    digest: str
    """The SHA-256 of the model's file."""
    try_row: bool
    """Whether the model is known to score a row without values, so that NiFi can try that."""
    preload: bool
    timeout: float

    @property
    def present(self) -> Asset | None:
        """The model that is to go."""
        return self.current.model(self.slot)


def hand_over(plan: Plan, scoring: Scorers, claim: Claim, progress: Progress) -> float | None:
    """Put the model in its place; returns the seconds without scoring, None if the flow does not run.

    Raises ModelRefusedError or InvalidFlowError where NiFi cannot score with it. Then, and when it is interrupted, the
    flow scores with the old model as before.
    """
    try:
        loads_beside = plan.preload and scoring.working == scoring.running
        if scoring.running and loads_beside and all(one.nodes for one in scoring.tell()):
            progress("loading the model in NiFi, beside the present one", None)
            word = str(uuid.uuid4())
            beside = plan.present.name if plan.present else None
            told = json.dumps({"model": plan.model.name, "beside": beside, "try": plan.try_row, "word": word})
            context.put_word(plan.current, WORD, told)
            scoring.wait_until_loaded(word, plan.digest, plan.timeout, progress)
        progress("changing models", None)
        before = plan.present.name if plan.present else None
        claim.begin(sorted(scoring.running), plan.slot.name, before, plan.model.name)
        seconds = _switch(plan, scoring)
    except BaseException as error:
        _undo(plan, scoring, claim, error, progress)
        raise
    claim.settle()
    # The model before the last one, and the word.
    context.remove_other_assets(context.read(plan.current.id))
    return seconds


def go_on(plan: Plan, scoring: Scorers, claim: Claim, progress: Progress) -> float | None:
    """Start what a change that was cut off has stopped, where the model is in its place already; as hand_over()."""
    progress(f"starting with {plan.model.name}", None)
    began = time.monotonic()
    before = lifecycle.last_bulletin()
    verifiable = all(one.nodes for one in scoring.tell())
    scoring.wait_until_valid(plan.timeout)
    scoring.start(plan.timeout)
    if verifiable and scoring.running:
        scoring.wait_for_model(plan.digest, before, plan.timeout)
    claim.settle()
    context.remove_other_assets(context.read(plan.current.id))
    return time.monotonic() - began if scoring.running else None


def _switch(plan: Plan, scoring: Scorers) -> float | None:
    verifiable = all(one.nodes for one in scoring.tell())
    before = lifecycle.last_bulletin()
    began = time.monotonic()
    scoring.stop(plan.timeout)
    context.change_model(plan.current, plan.slot, plan.model, plan.present, plan.timeout, QUICK)
    scoring.wait_until_valid(plan.timeout)
    if not scoring.running:
        return None
    scoring.start(plan.timeout)
    if verifiable:
        scoring.wait_for_model(plan.digest, before, plan.timeout)
    return time.monotonic() - began


def _undo(plan: Plan, scoring: Scorers, claim: Claim, error: BaseException, progress: Progress) -> None:
    """Put the old model back, and let the flow go on as it did."""
    old, name = plan.present, scoring.flow.name
    with _uninterrupted():
        progress("going back to the model before", None)
        try:
            now = context.read(plan.current.id)
            if now.model(plan.slot) != old and old is not None:
                scoring.stop(plan.timeout)
                context.change_model(now, plan.slot, old, plan.current.previous(plan.slot), plan.timeout, QUICK)
            scoring.wait_until_valid(plan.timeout)
            scoring.start(plan.timeout)
            claim.settle()
            context.remove_other_assets(context.read(plan.current.id))
        except ToolError as second:
            raise NotRestoredError(
                f"{error or type(error).__name__}\nAnd {name} could not be put back: {second}\n"
                f"Once NiFi can do it, dai-nifi rollback {name} puts it back; dai-nifi status {name} shows its state."
            ) from error
    state = "scores with" if scoring.running else "has"
    as_before = f"{name} {state} {old.name if old else 'its model'} as before."
    if isinstance(error, ToolError):
        error.args = (f"{error}\n{as_before}",)
    elif isinstance(error, KeyboardInterrupt):
        error.args = (as_before,)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let ctrl-C and SIGTERM wait: half of a way back would leave the flow without a model."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
