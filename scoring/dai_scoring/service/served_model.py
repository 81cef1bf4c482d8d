"""The model of a service: loaded, checked, replaced while requests are answered, and closed after the last request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

import orjson

from dai_scoring.batch.in_memory import InMemoryScorer
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.engine import ModelInfo
from dai_scoring.errors import EnvironmentMissingError, InternalError, ModelError, ScoringError
from dai_scoring.formats import Format
from dai_scoring.model_file import Kind
from dai_scoring.options import PREDICTIONS_ONLY, Wanted
from dai_scoring.scorer import Scorer
from dai_scoring.service.failures import cannot_score_now

_WARM_UP_SECONDS = 0.3
_LOADING = "the model is being loaded. Send the records again in a moment."


class State(Enum):
    """Whether a model can score."""

    LOADING = "loading"
    READY = "ready"
    REFUSED = "refused"
    CLOSED = "closed"


@dataclass(frozen=True)
class Readiness:
    """Whether a model can score, and if not, why.

    ``model`` is known when it is READY, ``error`` when it is REFUSED or waits for something, such as the environment
    of a pipeline. ``progress`` is what is being done while it is LOADING.
    """

    state: State
    model: ModelInfo | None = None
    error: ScoringError | None = field(default=None, repr=False)
    progress: str = ""


def load_and_check(
    load: Callable[[], Scorer], wanted: Wanted = PREDICTIONS_ONLY, score_a_row: bool = False
) -> tuple[Scorer | None, Readiness]:
    """Load a model and check that it gives what is ``wanted``; any error is in the readiness.

    ``score_a_row`` scores a row without values too. A model that is refused is not closed: ``load`` may give one that
    others use.
    """
    scorer = None
    try:
        scorer = load()
        scorer.check(wanted)
        if score_a_row:
            scorer.try_out()
    except EnvironmentMissingError as error:
        state = State.LOADING if error.being_made else State.REFUSED
        return scorer, Readiness(state, error=error, progress=error.progress)
    except ScoringError as error:
        return scorer, Readiness(State.REFUSED, error=error)
    except Exception as error:  # noqa: BLE001 - whoever waits for the model must hear of it
        unexpected = InternalError(f"unexpected {type(error).__name__} while loading it")
        unexpected.__cause__ = error
        return scorer, Readiness(State.REFUSED, error=unexpected)
    return scorer, Readiness(State.READY, scorer.info)


def warm_up(scorer: Scorer, wanted: Wanted = PREDICTIONS_ONLY) -> None:
    """Score a row without values for a moment: Java compiles what runs often, so the first request need not wait.

    Nothing is done for a scoring pipeline, whose own process has nothing to compile.
    """
    if scorer.info.kind == Kind.SCORING_PIPELINE.value:
        return
    row = orjson.dumps({column.name: None for column in scorer.info.inputs})
    contents = InMemoryScorer(scorer, FileOptions(wanted=wanted))
    end = time.perf_counter() + _WARM_UP_SECONDS
    while time.perf_counter() < end:
        contents.score([Contents(row, Format.JSON_ARRAY.mime_type)])


@dataclass
class _Served:
    """A model, whether to close it in the end, and how many requests use it."""

    scorer: Scorer
    is_owned: bool
    users: int = 0
    is_replaced: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def end(self) -> None:
        """Close the model in a thread, since closing must delay neither a request nor the new model."""
        threading.Thread(target=self._close, name="dai-scoring-close").start()

    def _close(self) -> None:
        try:
            if self.is_owned:
                self.scorer.close()
        finally:
            self.ended.set()


class ServedModel:
    """Gives the present model to requests. A model that was replaced is closed when its last request has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served: _Served | None = None
        self._readiness = Readiness(State.LOADING)

    @property
    def readiness(self) -> Readiness:
        """Whether requests can be scored now."""
        with self._lock:
            return self._readiness

    @contextmanager
    def in_use(self) -> Iterator[Scorer]:
        """The present model, which is not closed before this context ends. Raises ModelError if no model can score."""
        served = self._begin()
        try:
            yield served.scorer
        finally:
            self._end(served)

    def _begin(self) -> _Served:
        with self._lock:
            served = self._served
            if served is None:
                raise _not_now(self._readiness)
            served.users += 1
            return served

    def _end(self, served: _Served) -> None:
        with self._lock:
            served.users -= 1
            if served.is_replaced and not served.users:
                served.end()

    def serve(self, scorer: Scorer, is_owned: bool = True) -> None:
        """Score with this model from now on. Requests that have begun end with the one before.

        ``is_owned`` says whether it is closed once it was replaced. Raises ModelError after :meth:`close`.
        """
        with self._lock:
            if self._readiness.state is State.CLOSED:
                raise _not_now(self._readiness)
            self._replace(_Served(scorer, is_owned))
            self._readiness = Readiness(State.READY, scorer.info)

    def report(self, readiness: Readiness) -> None:
        """Report how loading the first model goes; ignored once there is a model."""
        with self._lock:
            if self._served is None and self._readiness.state is not State.CLOSED:
                self._readiness = readiness

    def close(self) -> None:
        """Take no more requests, wait for those that have begun, and close the model if it is owned."""
        with self._lock:
            self._readiness = Readiness(State.CLOSED)
            served = self._replace(None)
        if served is not None:
            served.ended.wait()

    def _replace(self, served: _Served | None) -> _Served | None:
        old, self._served = self._served, served
        if old is not None:
            old.is_replaced = True
            if not old.users:
                old.end()
        return old


def _not_now(readiness: Readiness) -> ModelError:
    if readiness.error is not None:
        return cannot_score_now(readiness.error)
    if readiness.state is State.LOADING:
        return ModelError(_LOADING, to_client=_LOADING)
    return ModelError("the service was closed.")
