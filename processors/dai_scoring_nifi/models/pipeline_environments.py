"""Environments of scoring pipelines, made in the background: NiFi does not wait minutes for a processor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from dai_scoring.errors import EnvironmentMissingError, ModelError
from dai_scoring.runtimes.python_pipeline import environment
from dai_scoring.runtimes.python_pipeline.pipeline_file import PipelineFile, read
from dai_scoring.scorer import PipelineSettings

# After a failure, such as a package index that does not answer, this long before the next try.
_RETRY_SECONDS = 60.0


def being_made(step: str, pipeline: str) -> EnvironmentMissingError:
    """The error while a step of making the environment of a pipeline is done."""
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
        self._line = ""
        self._failure: tuple[ModelError, float] | None = None

    def require(self, path: Path, settings: PipelineSettings) -> None:
        """Return if the environment is ready; else start to make it, and raise.

        Raises EnvironmentMissingError with ``being_made``, or what went wrong with the last try.
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
                self._line = "starting"
                self._thread = threading.Thread(
                    target=self._make, args=(pipeline, settings), name="dai-scoring-environment", daemon=True
                )
                self._thread.start()
            raise being_made(self._line, path.name)

    def _make(self, pipeline: PipelineFile, settings: PipelineSettings) -> None:
        try:
            environment.make(pipeline, settings, self._say)
        except ModelError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001 - it would be lost in this thread
            # An OSError says which file and why, such as that no room is left.
            self._failed(
                EnvironmentMissingError(f"the Python environment cannot be made: {error or type(error).__name__}")
            )
        else:
            self._say("the environment is ready")

    def _failed(self, error: ModelError) -> None:
        self._failure = (error, time.monotonic())

    def _say(self, line: str, share: float | None = None) -> None:
        self._line = line
        self._log(f"Python environment: {line}")
