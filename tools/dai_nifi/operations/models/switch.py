"""From one model to another in a running flow: FlowFiles wait for a moment, and none fails.

Only the scoring processors are stopped; FlowFiles that arrive until they run again are queued. The new model is loaded
first, while the old one scores, so the pause does not depend on its size. If anything goes wrong, the old model is put
back.
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

from dai_nifi.errors import BusyError, NotRestoredError, ToolError
from dai_nifi.flows.model_parameters import ModelParameter
from dai_nifi.operations.canvas import assets, bulletins, parameter_context
from dai_nifi.operations.canvas.assets import Asset
from dai_nifi.operations.canvas.parameter_context import ParameterContext
from dai_nifi.operations.changes.lease import Lease
from dai_nifi.operations.models.scoring_processors import SHORT_PAUSE, ScoringProcessors
from dai_nifi_protocol import NEXT_MODEL_FILE, NextModel
from dai_scoring.progress import Progress


@dataclass(frozen=True)
class ModelSwitch:
    """Which model is to replace which."""

    context: ParameterContext
    parameter: ModelParameter
    model: Asset
    digest: str
    """The SHA-256 of the model's file."""
    try_row: bool
    """Whether the model is known to score a row without values, so that NiFi can try that."""
    preload: bool
    timeout: float

    @property
    def present(self) -> Asset | None:
        """The model that is replaced."""
        return self.context.model(self.parameter)


def switch(to: ModelSwitch, scoring: ScoringProcessors, lease: Lease, progress: Progress) -> float | None:
    """Replace the model; returns the seconds in which nothing was scored, None if the flow does not run.

    Raises ModelRefusedError or InvalidFlowError if NiFi cannot score with the new model. Then, and after ctrl-C, the
    flow scores with the old model as before.
    """
    present = to.present.name if to.present else None
    try:
        if to.preload and scoring.working == scoring.running and scoring.running and _report(scoring):
            progress("loading the model in NiFi while the present one scores", None)
            request = str(uuid.uuid4())
            asked = {
                NextModel.MODEL: to.model.name,
                NextModel.REPLACES: present,
                NextModel.TRY_ROW: to.try_row,
                NextModel.REQUEST: request,
            }
            assets.write(to.context.id, NEXT_MODEL_FILE, json.dumps(asked))
            scoring.wait_until_loaded(request, to.digest, to.timeout, progress)
        progress("changing models", None)
        lease.begin(sorted(scoring.running), to.parameter.name, present, to.model.name)
        seconds = _change(to, scoring)
    except BusyError:
        # Another command has the flow by now: what it does must not be undone.
        raise
    except BaseException as error:
        _undo(to, scoring, lease, error, progress)
        raise
    lease.complete()
    # The model before the last one, and the request.
    parameter_context.remove_unused_assets(parameter_context.read(to.context.id))
    return seconds


def finish(to: ModelSwitch, scoring: ScoringProcessors, lease: Lease, progress: Progress) -> float | None:
    """Start the processors that an interrupted change has stopped after it had set the model; returns as switch()."""
    progress(f"starting with {to.model.name}", None)
    began = time.monotonic()
    last = bulletins.last_id()
    report = _report(scoring)
    scoring.wait_until_valid(to.timeout)
    scoring.start(to.timeout)
    if report and scoring.running:
        scoring.wait_until_scoring_with(to.digest, last, to.timeout)
    lease.complete()
    parameter_context.remove_unused_assets(parameter_context.read(to.context.id))
    return time.monotonic() - began if scoring.running else None


def _report(scoring: ScoringProcessors) -> bool:
    """Whether each processor says in its state what it scores with; none does that this user may not see."""
    return all(one.nodes for one in scoring.states())


def _change(to: ModelSwitch, scoring: ScoringProcessors) -> float | None:
    report = _report(scoring)
    last = bulletins.last_id()
    began = time.monotonic()
    scoring.stop(to.timeout)
    parameter_context.set_model(to.context, to.parameter, to.model, to.present, to.timeout, SHORT_PAUSE)
    scoring.wait_until_valid(to.timeout)
    if not scoring.running:
        return None
    scoring.start(to.timeout)
    if report:
        scoring.wait_until_scoring_with(to.digest, last, to.timeout)
    return time.monotonic() - began


def _undo(to: ModelSwitch, scoring: ScoringProcessors, lease: Lease, error: BaseException, progress: Progress) -> None:
    """Put the old model back, start what ran before, and say so in the error."""
    old, name = to.present, scoring.flow.name
    with _signals_ignored():
        progress("going back to the model before", None)
        try:
            now = parameter_context.read(to.context.id)
            if now.model(to.parameter) != old and old is not None:
                scoring.stop(to.timeout)
                before = to.context.previous(to.parameter)
                parameter_context.set_model(now, to.parameter, old, before, to.timeout, SHORT_PAUSE)
            scoring.wait_until_valid(to.timeout)
            scoring.start(to.timeout)
            lease.complete()
            parameter_context.remove_unused_assets(parameter_context.read(to.context.id))
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
def _signals_ignored() -> Iterator[None]:
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
