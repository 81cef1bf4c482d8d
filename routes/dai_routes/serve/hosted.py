"""A model of the server: its name, its service and its queue. It can be replaced."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from dai_routes.serve.batching import ScoringQueue
from dai_routes.serve.dialects.base import Context
from dai_routes.serve.settings import ModelFile, ServerSettings
from dai_scoring.errors import ModelError
from dai_scoring.option_words import Audience
from dai_scoring.provision import model_store
from dai_scoring.runtimes.cpp import mojo as cpp
from dai_scoring.runtimes.python_pipeline import pipeline
from dai_scoring.service import Readiness, ScoringService, State

logger = logging.getLogger(__name__)

_THREADS = 2


class HostedModel:
    """A model that is served. Raises ModelError if it cannot be loaded."""

    def __init__(self, file: ModelFile, settings: ServerSettings) -> None:
        self.file = file
        self._settings = settings
        self._fingerprint = self._now()
        self.service = ScoringService.open(
            file.path, settings.options, runtime=settings.runtime, settings=settings.runtime_settings,
            most_bytes=settings.most_body,
        )  # fmt: skip
        self.context = Context(file.name, self.service, settings.options, settings.most_body)
        self._queue: ScoringQueue | None = None

    @property
    def name(self) -> str:
        """Its name in paths."""
        return self.file.name

    @property
    def queue(self) -> ScoringQueue:
        """The queue of its requests. Exists after :meth:`start`."""
        if self._queue is None:
            raise RuntimeError("the queue is not started")
        return self._queue

    def start(self, on_batch: Callable[[int], None]) -> None:
        """Take requests from now on, in the running event loop."""
        runtime = self.context.info.runtime if self.context.info is not None else ""
        self._queue = ScoringQueue(
            self.context,
            0 if runtime == cpp.RUNTIME else _THREADS,
            self._settings.most_waiting,
            on_batch,
            uses_loop=runtime != pipeline.RUNTIME,
        )

    async def reload(self) -> Readiness:
        """Load the file again if it has changed. Requests are answered meanwhile, each by the model it began with.

        If the file cannot be loaded, the old model stays.
        """
        now = await asyncio.to_thread(self._now)
        if now is not None and now == self._fingerprint:
            return self.service.readiness
        settings = self._settings
        found = await asyncio.to_thread(self.service.load, self.file.path, settings.runtime, settings.runtime_settings)
        if found.state is State.READY:
            self._fingerprint = now
            self.queue.model_changed()
            logger.info("model %s is replaced: %s", self.name, found.model.sha256 if found.model else "")
        elif found.error is not None:
            logger.error("model %s stays as it was: %s", self.name, found.error.text_for(Audience.COMMAND_LINE))
        return found

    def close(self) -> None:
        """Score the waiting requests, and close the model."""
        if self._queue is not None:
            self._queue.close()
        self.service.close()

    def _now(self) -> object:
        """A value that changes when the file is replaced; None if it cannot be read."""
        try:
            if model_store.is_address(self.file.path):
                return model_store.version(self.file.path)
            found = self.file.path.stat()
        except (OSError, ModelError):
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
