"""The model that is to come: loaded beside the one that scores, so that to change models takes a moment only.

``dai-nifi swap`` puts a file of the name :data:`WORD` beside the model, as an asset. No parameter refers to it, so NiFi
restarts nothing. What became of it stands in NiFi's state of the component, where the tool reads it.
"""

from __future__ import annotations

import json
import os
import platform
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from dai_scoring.models import Runtime
from dai_scoring.scorer import ModelInfo
from dai_scoring.service import Readiness, State
from dai_scoring.service.served_model import load_and_check
from dai_scoring_nifi.bulletins import on_canvas
from dai_scoring_nifi.model import ModelHolder
from dai_scoring_nifi.settings import Settings
from dai_scoring_nifi.state_words import SCORES, YES

WORD = "next-model.json"
"""A JSON object: ``model``, a file in the same folder; ``beside``, the model whose place it is to take, for there may
be two in the folder; ``try``, whether to score a row without values first; ``word``, repeated in the state, so that its
outcome can be told from that of an earlier word."""

READY, REFUSED, WAITING = "ready", "refused", "waiting"

Tell = Callable[[Mapping[str, str]], None]

_LOOK_SECONDS = 0.5
_LENGTH = 1000


class Successor:
    """Looks for the word of a next model while the processor runs, and loads that model."""

    def __init__(self, models: ModelHolder) -> None:
        self._models = models
        self._stop = threading.Event()

    def watch(self, settings: Settings, runtime: Runtime, info: ModelInfo, tell: Tell) -> None:
        """Say which model scores, and look for the next until :meth:`rest`."""
        self._stop = threading.Event()
        told = {
            SCORES: YES,
            "model.id": info.id,
            "model.sha256": info.sha256,
            "model.file": settings.model.name,
            "runtime": f"{info.runtime} {info.runtime_version}",
            "python": platform.python_version(),
            "python.process": str(os.getpid()),
        }
        tell(told)
        threading.Thread(
            target=self._look, args=(settings, runtime, told, tell, self._stop), name="dai-scoring-next", daemon=True
        ).start()

    def rest(self) -> None:
        """Look no more. A model that is loaded stays for a while, for the processor's next start."""
        self._stop.set()

    def _look(
        self, settings: Settings, runtime: Runtime, told: Mapping[str, str], tell: Tell, stop: threading.Event
    ) -> None:
        word = settings.model.with_name(WORD)
        known: tuple[int, int] | None = None
        pending = False
        while not stop.wait(_LOOK_SECONDS):
            seen = _fingerprint(word)
            if seen == known and not pending:
                continue
            if seen is None:
                self._models.drop_spare()
                outcome: dict[str, str] = {}
            else:
                outcome = self._outcome(word, settings, runtime)
            pending = outcome.get("next.state") == WAITING
            known = seen
            if not stop.is_set():
                tell({**told, **outcome})

    def _outcome(self, word: Path, settings: Settings, runtime: Runtime) -> dict[str, str]:
        """What the state says of the next model: ready, refused, or waiting for its environment."""
        said = {"next.state": REFUSED}
        try:
            asked = json.loads(word.read_text(encoding="utf-8"))
            name = str(asked["model"])
            if asked.get("beside", settings.model.name) != settings.model.name:
                return {}
            said |= {"next.file": name, "next.word": str(asked.get("word", ""))}
            if Path(name).name != name:
                return {**said, "next.problem": "the next model must be in the folder of the present one"}
        except (OSError, ValueError, KeyError, TypeError) as error:
            return {**said, "next.problem": f"{WORD} cannot be read: {type(error).__name__}"}
        wanted = replace(settings, model=settings.model.with_name(name))
        _, readiness = load_and_check(
            lambda: self._models.prepare(wanted, runtime), settings.options.wanted, score_a_row=bool(asked.get("try"))
        )
        return {**said, **_told(readiness)}


def _told(readiness: Readiness) -> dict[str, str]:
    if readiness.model is not None:
        return {"next.state": READY, "next.sha256": readiness.model.sha256}
    problem = {} if readiness.error is None else {"next.problem": on_canvas(readiness.error)[:_LENGTH]}
    return {"next.state": WAITING if readiness.state is State.LOADING else REFUSED, **problem}


def _fingerprint(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
