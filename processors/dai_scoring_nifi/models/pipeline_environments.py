"""Makes the environments of scoring pipelines in the background, since NiFi does not wait minutes for a processor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from dai_scoring.errors import EnvironmentMissingError, ModelError
from dai_scoring.runtimes.python_pipeline import environment
from dai_scoring.runtimes.python_pipeline.pipeline_file import PipelineFile, read
from dai_scoring.scorer import PipelineSettings

# How long after a failure, such as a package index that does not answer, the next attempt is made.
_RETRY_SECONDS = 60.0


def being_made(step: str, pipeline: str) -> EnvironmentMissingError:
    """The error to raise while the environment of a pipeline is being made; ``step`` is what is done now."""
    return EnvironmentMissingError(
        f"the Python environment of {pipeline} is being made; this takes minutes, once, and the processor becomes "
        f"valid by itself. Now: {step}",
        being_made=True,
        progress=step,
    )


class EnvironmentMaker:
    """Makes the environment of one pipeline at a time. ``log`` gets each step."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._wanted: tuple[str, PipelineSettings] | None = None
        self._thread: threading.Thread | None = None
        self._step = ""
        self._failure: tuple[ModelError, float] | None = None

    def require(self, path: Path, settings: PipelineSettings) -> None:
        """Return if the environment is ready; otherwise start to make it and raise an error.

        The error is EnvironmentMissingError with ``being_made``, or that of the last attempt.
        """
        pipeline = read(path)
        if environment.find(pipeline, settings) is not None:
            return
        with self._lock:
            if self._wanted != (pipeline.digest, settings):
                self._wanted, self._failure = (pipeline.digest, settings), None
            if self._failure is not None and time.monotonic() - self._failure[1] < _RETRY_SECONDS:
                raise self._failure[0]
            if self._thread is None or not self._thread.is_alive():
                self._step = "starting"
                self._thread = threading.Thread(
                    target=self._make, args=(pipeline, settings), name="dai-scoring-environment", daemon=True
                )
                self._thread.start()
            raise being_made(self._step, path.name)

    def _make(self, pipeline: PipelineFile, settings: PipelineSettings) -> None:
        try:
            environment.make(pipeline, settings, self._report)
        except ModelError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001 - it would be lost in this thread
            # The text of an OSError says which file and why, such as a full disk.
            self._failed(
                EnvironmentMissingError(f"the Python environment cannot be made: {error or type(error).__name__}")
            )
        else:
            self._report("the environment is ready")

    def _failed(self, error: ModelError) -> None:
        self._failure = (error, time.monotonic())

    def _report(self, step: str, share: float | None = None) -> None:
        self._step = step
        self._log(f"Python environment: {step}")
