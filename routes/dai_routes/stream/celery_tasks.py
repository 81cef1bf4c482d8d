"""Tasks of Celery that score: ``score.delay(record)``, and ``score_many.delay(records)`` for many records at once.

In the module of your application::

    app = Celery("scores", broker="redis://...", backend="redis://...")
    score, score_many = scoring_tasks(app, "model.mojo")

Each process of a Celery worker loads the model itself.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dai_routes.stream.messages.json_values import json_text
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.models import Runtime
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.service import ScoringService
from dai_scoring.service.single_records import Failed, RecordScorer, Rejected, Scored

_PAUSE_SECONDS = 10
_MOST_RETRIES = 30
# Celery logs so many letters of each result, which would be values of a record.
_RESULT_LETTERS = 1


class RejectedRecordError(ValueError):
    """The record cannot be scored; ``args`` are the code, the column, the value and a sentence, each maybe None.

    Celery logs it, so its text has no value.
    """

    def __str__(self) -> str:
        code, column = self.args[:2]
        return f"{code}, column {column}" if column else str(code)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class _Model:
    """The model of one process, loaded when it is first used: Java does not survive a fork."""

    def __init__(
        self, path: Path, options: FileOptions | None, runtime: Runtime, settings: RuntimeSettings | None
    ) -> None:
        self._arguments = path, options, runtime, settings
        self._lock = threading.Lock()
        self._scorers: dict[int, RecordScorer] = {}

    def scorer(self) -> RecordScorer:
        """The scorer of this process. Raises ModelError if the model cannot be loaded."""
        with self._lock:
            found = self._scorers.get(os.getpid())
            if found is None:
                path, options, runtime, settings = self._arguments
                service = _with_signals_kept(path, options, runtime, settings)
                found = self._scorers[os.getpid()] = RecordScorer(service, options)
            return found


def _with_signals_kept(
    path: Path, options: FileOptions | None, runtime: Runtime, settings: RuntimeSettings | None
) -> ScoringService:
    # Java sets handlers of its own: those of Celery have to be set again.
    is_main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT) if is_main else ()
    kept = {number: signal.getsignal(number) for number in numbers}
    service = ScoringService.open(path, options, runtime=runtime, settings=settings)
    for number, handler in kept.items():
        if handler is not None:
            signal.signal(number, handler)
    return service


def scoring_tasks(
    app: Any,
    model: str | Path,
    options: FileOptions | None = None,
    *,
    runtime: Runtime = Runtime.AUTO,
    settings: RuntimeSettings | None = None,
    name: str = "dai_score",
) -> tuple[Any, Any]:
    """Add two tasks to a ``celery.Celery``: NAME.score, and NAME.score_many.

    ``score`` returns the record with its predictions, and fails with RejectedRecordError for a bad record.
    ``score_many`` returns a list in order, in which a bad record has ``_reject_code``, ``_reject_column`` and
    ``_reject_value`` in place of predictions. A task is acknowledged when it has ended, so RabbitMQ gives the
    task of a killed worker to another; with Redis, see docs/streams.md.
    If the model cannot score, the task is tried again every 10 seconds, 30 times.
    """
    from celery.signals import worker_process_init

    held = _Model(Path(model), options, runtime, settings)
    how = {
        "bind": True,
        "acks_late": True,
        "reject_on_worker_lost": True,
        "max_retries": _MOST_RETRIES,
        "default_retry_delay": _PAUSE_SECONDS,
        "resultrepr_maxsize": _RESULT_LETTERS,
    }

    def outcomes(task: Any, records: Sequence[Any]) -> list[dict[str, Any] | Rejected]:
        written = [json_text(one) for one in records]
        found = held.scorer().score([text for text, _ in written])
        kept = [one for one in found if not isinstance(one, Failed)]
        if len(kept) < len(found):
            raise task.retry(exc=next(one.error for one in found if isinstance(one, Failed)))
        return [
            read(one.contents) if isinstance(one, Scored) else one for one, (_, read) in zip(kept, written, strict=True)
        ]

    @app.task(name=f"{name}.score", **how)  # type: ignore[untyped-decorator]
    def score(task: Any, record: dict[str, Any]) -> Any:
        (found,) = outcomes(task, [record])
        if isinstance(found, Rejected):
            raise RejectedRecordError(found.code, found.column, found.value, found.reason)
        return found

    @app.task(name=f"{name}.score_many", **how)  # type: ignore[untyped-decorator]
    def score_many(task: Any, records: list[dict[str, Any]]) -> list[Any]:
        if not isinstance(records, list):
            raise TypeError(f"{name}.score_many takes a list of records. For one record there is {name}.score.")
        return [
            {
                **_as_record(record),
                **dict(zip(REJECT_COLUMNS, (found.code, found.column, found.value), strict=True)),
            }
            if isinstance(found, Rejected)
            else found
            for record, found in zip(records, outcomes(task, records), strict=True)
        ]

    def load(**_: Any) -> None:
        held.scorer()

    worker_process_init.connect(load, weak=False)
    return score, score_many


def _as_record(record: Any) -> dict[str, Any]:
    return record if isinstance(record, dict) else {}
