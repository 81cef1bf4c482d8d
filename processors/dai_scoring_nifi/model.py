"""The processor's model: loaded when it is first validated, kept while its file and settings stay the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from dai_scoring.errors import ModelError, ModelNotFoundError
from dai_scoring.model_file import Kind, identify
from dai_scoring.models import Runtime, open_model
from dai_scoring.scorer import Scorer
from dai_scoring_nifi.preparation import Preparation
from dai_scoring_nifi.settings import Settings

# A refusal is remembered this long: NiFi validates every few seconds, and a licence file may appear meanwhile.
_RETRY_SECONDS = 20.0
# NiFi validates a processor that is stopped every few seconds, and keeps the Python process of one that was removed.
_UNUSED_SECONDS = 40.0
_LOOK_SECONDS = 5.0


class ModelHolder:
    """Holds one loaded model for all threads of a processor."""

    def __init__(self, log: Callable[[str], None], opener: Callable[..., Scorer] = open_model) -> None:
        self._preparation = Preparation(log)
        self._open = opener
        self._lock = threading.Lock()
        self._key: tuple[Any, ...] | None = None
        self._scorer: Scorer | None = None
        self._refusal: tuple[ModelError, float] | None = None
        self._running = False
        self._last_use = 0.0

    def get(self, settings: Settings, runtime: Runtime) -> Scorer:
        """The model that the settings name; raises ModelError where it cannot be loaded."""
        with self._lock:
            self._last_use = time.monotonic()
            key = (settings.model, settings.runtime, runtime, _fingerprint(settings))
            if key == self._key:
                if self._scorer is not None:
                    return self._scorer
                if self._refusal is not None and time.monotonic() - self._refusal[1] < _RETRY_SECONDS:
                    raise self._refusal[0]
            if runtime is Runtime.PYTHON and identify(settings.model) is Kind.SCORING_PIPELINE:
                self._preparation.require(settings.model, settings.runtime.pipeline)
            old, self._scorer, self._refusal, self._key = self._scorer, None, None, key
            try:
                self._scorer = self._open(settings.model, runtime, settings.runtime)
                threading.Thread(
                    target=self._let_go_when_unused, args=(self._scorer,), name="dai-scoring-model", daemon=True
                ).start()
            except ModelError as error:
                self._refusal = (error, time.monotonic())
                raise
            finally:
                if old is not None:
                    old.close()
            return self._scorer

    def running(self, state: bool) -> None:
        """Say whether the processor runs: then its model is kept, however long no FlowFile comes."""
        with self._lock:
            self._running = state
            self._last_use = time.monotonic()

    def _let_go_when_unused(self, scorer: Scorer) -> None:
        """Close the model of a processor that is gone."""
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._lock:
                if self._scorer is not scorer:
                    return
                if not self._running and time.monotonic() - self._last_use > _UNUSED_SECONDS:
                    self._scorer = self._key = None
                    scorer.close()
                    return


def _fingerprint(settings: Settings) -> tuple[int, int, int]:
    """What changes when another file is put at the model's path."""
    try:
        found = settings.model.stat()
    except FileNotFoundError:
        raise ModelNotFoundError(
            f"there is no model file at {settings.model} on the machine that runs NiFi. Check the path, or the "
            "parameter and its asset."
        ) from None
    except OSError as error:
        raise ModelNotFoundError(f"the model file {settings.model} cannot be read: {error.strerror}.") from error
    return found.st_mtime_ns, found.st_size, found.st_ino
