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
from dai_scoring_nifi.models.pipeline_environments import EnvironmentMaker
from dai_scoring_nifi.settings import Settings

# An error is kept this long: NiFi validates every few seconds, and a licence file may appear meanwhile.
_RETRY_SECONDS = 20.0
# NiFi validates a stopped processor every few seconds, and keeps the Python process of a removed one.
_UNUSED_SECONDS = 40.0
_CHECK_SECONDS = 5.0


_Key = tuple[Any, ...]


class ModelHolder:
    """Holds one loaded model for all threads of a processor, and the next one while it waits to replace it."""

    def __init__(self, log: Callable[[str], None], opener: Callable[..., Scorer] = open_model) -> None:
        self._environments = EnvironmentMaker(log)
        self._open = opener
        self._lock = threading.Lock()
        self._key: _Key | None = None
        self._scorer: Scorer | None = None
        self._next: tuple[_Key, Scorer] | None = None
        self._failure: tuple[ModelError, float] | None = None
        self._running = False
        self._last_use = 0.0

    def get(self, settings: Settings, runtime: Runtime) -> Scorer:
        """The model that the settings name. Raises ModelError if it cannot be loaded."""
        with self._lock:
            self._last_use = time.monotonic()
            key = _key(settings, runtime)
            if key == self._key:
                if self._scorer is not None:
                    return self._scorer
                if self._failure is not None and time.monotonic() - self._failure[1] < _RETRY_SECONDS:
                    raise self._failure[0]
            self._require_environment(settings, runtime)
            old, self._scorer, self._failure, self._key = self._scorer, None, None, key
            try:
                if self._next is not None and self._next[0] == key:
                    self._scorer, self._next = self._next[1], None
                else:
                    self._scorer = self._open(settings.model, runtime, settings.runtime)
                    self._watch(self._scorer)
            except ModelError as error:
                self._failure = (error, time.monotonic())
                raise
            finally:
                if old is not None:
                    # In a thread: closing the old one, which may take a while, must not delay the new one.
                    threading.Thread(target=old.close, name="dai-scoring-close").start()
            return self._scorer

    def prepare(self, settings: Settings, runtime: Runtime) -> Scorer:
        """Load the next model while the present one scores; then ``get`` returns it at once.

        Raises ModelError if it cannot be loaded.
        """
        key = _key(settings, runtime)
        with self._lock:
            if key == self._key and self._scorer is not None:
                return self._scorer
            if self._next is not None and self._next[0] == key:
                return self._next[1]
        self._require_environment(settings, runtime)
        # Without the lock: the processor may be stopped meanwhile.
        scorer = self._open(settings.model, runtime, settings.runtime)
        with self._lock:
            old, self._next, self._last_use = self._next, (key, scorer), time.monotonic()
            self._watch(scorer)
        if old is not None:
            old[1].close()
        return scorer

    def drop_next(self) -> None:
        """Close the next model, unless ``get`` has returned it."""
        with self._lock:
            old, self._next = self._next, None
        if old is not None:
            old[1].close()

    def set_running(self, state: bool) -> None:
        """Set whether the processor runs. While it does, its model is kept even if no FlowFiles come."""
        with self._lock:
            self._running = state
            self._last_use = time.monotonic()

    def _require_environment(self, settings: Settings, runtime: Runtime) -> None:
        if runtime is Runtime.PYTHON and identify(settings.model) is Kind.SCORING_PIPELINE:
            self._environments.require(settings.model, settings.runtime.pipeline)

    def _watch(self, scorer: Scorer) -> None:
        threading.Thread(target=self._close_if_unused, args=(scorer,), name="dai-scoring-model", daemon=True).start()

    def _close_if_unused(self, scorer: Scorer) -> None:
        """Wait until the model is unused, as after the processor was removed, and close it."""
        while True:
            time.sleep(_CHECK_SECONDS)
            with self._lock:
                unused = not self._running and time.monotonic() - self._last_use > _UNUSED_SECONDS
                if self._scorer is scorer:
                    if not unused:
                        continue
                    self._scorer = self._key = None
                elif self._next is not None and self._next[1] is scorer:
                    if not unused:
                        continue
                    self._next = None
                else:
                    return
                scorer.close()
                return


def _key(settings: Settings, runtime: Runtime) -> _Key:
    return settings.model, settings.runtime, runtime, _fingerprint(settings)


def _fingerprint(settings: Settings) -> tuple[int, int, int]:
    """Values that change when another file is put at the model's path."""
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
