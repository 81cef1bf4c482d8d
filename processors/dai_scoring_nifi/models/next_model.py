"""Loads the next model while the present one scores, so that changing the model takes only a moment.

``dai-nifi swap`` puts the file next-model.json into the folder of the model, as an asset. No parameter refers to it, so
NiFi restarts nothing. The processor answers in its component state, which dai-nifi reads. The package dai_nifi_protocol
has the keys of both.
"""

from __future__ import annotations

import json
import os
import platform
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from dai_nifi_protocol import LONGEST_PROBLEM, NEXT_MODEL_FILE, READY, REFUSED, WAITING, YES, NextModel, State
from dai_scoring.engine import ModelInfo
from dai_scoring.models import Runtime
from dai_scoring.service import Readiness
from dai_scoring.service.served_model import State as ModelState
from dai_scoring.service.served_model import load_and_check
from dai_scoring_nifi.models.model_holder import ModelHolder
from dai_scoring_nifi.reporting.error_text import on_canvas
from dai_scoring_nifi.settings import Settings

SetState = Callable[[Mapping[str, str]], None]

_CHECK_SECONDS = 0.5


class NextModelLoader:
    """While the processor runs, looks for a request to load a next model, and loads it."""

    def __init__(self, models: ModelHolder) -> None:
        self._models = models
        self._stop = threading.Event()

    def watch(self, settings: Settings, runtime: Runtime, info: ModelInfo, set_state: SetState) -> None:
        """Write into the state which model scores, and look for requests until :meth:`stop`."""
        self._stop = threading.Event()
        present = {
            State.SCORES: YES,
            State.MODEL_ID: info.id,
            State.MODEL_SHA256: info.sha256,
            State.MODEL_FILE: settings.model.name,
            State.MODEL_KIND: info.kind,
            State.RUNTIME: f"{info.runtime} {info.runtime_version}",
            State.PYTHON: platform.python_version(),
            State.PYTHON_PROCESS: str(os.getpid()),
        }
        set_state(present)
        threading.Thread(
            target=self._check_for_request,
            args=(settings, runtime, present, set_state, self._stop),
            name="dai-scoring-next",
            daemon=True,
        ).start()

    def stop(self) -> None:
        """Look no more. A next model that is loaded is kept for a while, for the processor's next start."""
        self._stop.set()

    def _check_for_request(
        self,
        settings: Settings,
        runtime: Runtime,
        present: Mapping[str, str],
        set_state: SetState,
        stop: threading.Event,
    ) -> None:
        request = settings.model.with_name(NEXT_MODEL_FILE)
        known: tuple[int, int] | None = None
        pending = False
        while not stop.wait(_CHECK_SECONDS):
            seen = _fingerprint(request)
            if seen == known and not pending:
                continue
            if seen is None:
                self._models.drop_next()
                outcome: dict[str, str] = {}
            else:
                outcome = self._outcome(request, settings, runtime)
            pending = outcome.get(State.NEXT_STATE) == WAITING
            known = seen
            if not stop.is_set():
                set_state({**present, **outcome})

    def _outcome(self, request: Path, settings: Settings, runtime: Runtime) -> dict[str, str]:
        """What the component state says about the next model: ready, refused, or waiting for its environment."""
        values = {State.NEXT_STATE: REFUSED}
        try:
            content = json.loads(request.read_text(encoding="utf-8"))
            name = str(content[NextModel.MODEL])
            if content.get(NextModel.REPLACES, settings.model.name) != settings.model.name:
                return {}
            values |= {State.NEXT_FILE: name, State.NEXT_REQUEST: str(content.get(NextModel.REQUEST, ""))}
            if Path(name).name != name:
                return {**values, State.NEXT_PROBLEM: "the next model must be in the folder of the present one"}
        except (OSError, ValueError, KeyError, TypeError) as error:
            return {**values, State.NEXT_PROBLEM: f"{NEXT_MODEL_FILE} cannot be read: {type(error).__name__}"}
        next_settings = replace(settings, model=settings.model.with_name(name))
        _, readiness = load_and_check(
            lambda: self._models.prepare(next_settings, runtime),
            settings.options.wanted,
            score_a_row=bool(content.get(NextModel.TRY_ROW)),
        )
        return {**values, **_state(readiness)}


def _state(readiness: Readiness) -> dict[str, str]:
    if readiness.model is not None:
        return {State.NEXT_STATE: READY, State.NEXT_SHA256: readiness.model.sha256}
    values = {State.NEXT_STATE: REFUSED}
    if readiness.state is ModelState.LOADING:
        values = {State.NEXT_STATE: WAITING, State.NEXT_STEP: readiness.progress}
    if readiness.error is not None:
        values[State.NEXT_PROBLEM] = on_canvas(readiness.error)[:LONGEST_PROBLEM]
    return values


def _fingerprint(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
