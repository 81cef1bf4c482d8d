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

from dai_nifi.errors import ToolError
from dai_nifi.flows import context, lifecycle
from dai_nifi.flows.context import Asset, Context
from dai_nifi.flows.rest import Progress
from dai_nifi.flows.scorers import QUICK, Scorers

# As processors/dai_scoring_nifi/successor.py has it, which runs in NiFi.
WORD = "next-model.json"


@dataclass(frozen=True)
class Plan:
    """Which model is to take the place of which."""

    current: Context
    model: Asset
    digest: str
    """The SHA-256 of the model's file."""
    try_row: bool
    """Whether the model is known to score a row without values, so that NiFi can try that."""
    preload: bool
    timeout: float


def hand_over(plan: Plan, scoring: Scorers, progress: Progress) -> float | None:
    """Put the model in its place; returns the seconds without scoring, None if the flow does not run.

    Raises ModelRefusedError or InvalidFlowError where NiFi cannot score with it. Then, and when it is interrupted, the
    flow scores with the old model as before.
    """
    try:
        if scoring.running and plan.preload and all(one.nodes for one in scoring.tell()):
            progress("loading the model in NiFi, beside the present one", None)
            word = str(uuid.uuid4())
            told = json.dumps({"model": plan.model.name, "try": plan.try_row, "word": word})
            context.put_word(plan.current, WORD, told)
            scoring.wait_until_loaded(word, plan.digest, plan.timeout, progress)
        progress("changing models", None)
        seconds = _switch(plan, scoring)
    except BaseException as error:
        _undo(plan, scoring, error, progress)
        raise
    # The model before the last one, and the word.
    context.remove_other_assets(context.read(plan.current.id))
    return seconds


def _switch(plan: Plan, scoring: Scorers) -> float | None:
    verifiable = all(one.nodes for one in scoring.tell())
    before = lifecycle.last_bulletin()
    began = time.monotonic()
    scoring.stop(plan.timeout)
    context.change_model(plan.current, plan.model, plan.current.model, plan.timeout, QUICK)
    scoring.wait_until_valid(plan.timeout)
    if not scoring.running:
        return None
    scoring.start(plan.timeout)
    if verifiable:
        scoring.wait_for_model(plan.digest, before, plan.timeout)
    return time.monotonic() - began


def _undo(plan: Plan, scoring: Scorers, error: BaseException, progress: Progress) -> None:
    """Put the old model back, and let the flow go on as it did."""
    old = plan.current.model
    with _uninterrupted():
        progress("going back to the model before", None)
        try:
            now = context.read(plan.current.id)
            if now.model != old and old is not None:
                scoring.stop(plan.timeout)
                context.change_model(now, old, plan.current.previous, plan.timeout, QUICK)
            scoring.wait_until_valid(plan.timeout)
            scoring.start(plan.timeout)
            context.remove_other_assets(context.read(plan.current.id))
        except ToolError as second:
            name = scoring.flow.name
            raise ToolError(
                f"{error or type(error).__name__}\nAnd {name} could not be put back: {second}\n"
                f"See dai-nifi status {name}; dai-nifi start {name} starts what is stopped."
            ) from error
    if isinstance(error, ToolError):
        state = "scores with" if scoring.running else "has"
        error.args = (f"{error}\n{scoring.flow.name} {state} {old.name if old else 'its model'} as before.",)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let ctrl-C wait: half of a way back would leave the flow without a model."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
