"""The counts of a server, in the text format of Prometheus.

Each process adds to its own numbers in memory that all processes share. So every process can report the sums, and the
counts of a process that died are kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, MutableSequence, Sequence

from dai_scoring.engine import ModelInfo
from dai_scoring.service import Response

STATUSES = (200, 400, 401, 403, 404, 405, 406, 408, 413, 415, 429, 499, 500, 501, 503, 504)
"""The statuses that are counted separately. Any other status counts as the last one here with the same first digit."""

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256)

_LATENCY = len(STATUSES)
_LATENCY_SUM = _LATENCY + len(_SECONDS) + 1
_SIZES = _LATENCY_SUM + 1
_SIZES_SUM = _SIZES + len(_BATCH) + 1
_ROWS, _REJECTED, _UNSEEN = range(_SIZES_SUM + 1, _SIZES_SUM + 4)
PER_MODEL = _UNSEEN + 1
"""How many numbers one model needs."""

MIME_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def room(models: int, processes: int) -> int:
    """How many numbers a server needs. Each process also counts requests that belong to no model."""
    return (models + 1) * PER_MODEL * processes


class Metrics:
    """Counts in this process's part of ``numbers``; reports the sums over all processes."""

    def __init__(self, models: Sequence[str], numbers: MutableSequence[float], process: int = 0) -> None:
        self._names = ["", *models]
        self._numbers = numbers
        self._all = len(self._names) * PER_MODEL
        self._starts = {name: process * self._all + at * PER_MODEL for at, name in enumerate(self._names)}

    def count(self, model: str, status: int, seconds: float, response: Response | None) -> None:
        """Count an answer."""
        start, numbers = self._starts[model], self._numbers
        numbers[start + _of_status(status)] += 1
        numbers[start + _LATENCY + bisect_left(_SECONDS, seconds)] += 1
        numbers[start + _LATENCY_SUM] += seconds
        summary = None if response is None else response.summary
        if summary is not None:
            numbers[start + _ROWS] += summary.scored
            numbers[start + _REJECTED] += summary.rejected
            if summary.unseen:
                numbers[start + _UNSEEN] += sum(summary.unseen.values())

    def count_batch(self, model: str, size: int) -> None:
        """Count a call of the model that scored ``size`` requests."""
        start, numbers = self._starts[model], self._numbers
        numbers[start + _SIZES + bisect_left(_BATCH, size)] += 1
        numbers[start + _SIZES_SUM] += size

    def text(self, waiting: Iterable[tuple[str, int]], infos: Iterable[tuple[str, ModelInfo]]) -> str:
        """All counts as text. ``waiting`` and ``infos`` pair the names of models with waiting requests and infos."""
        return "\n".join(self._lines(waiting, infos)) + "\n"

    def _lines(self, waiting: Iterable[tuple[str, int]], infos: Iterable[tuple[str, ModelInfo]]) -> Iterator[str]:
        sums = {name: self._sums(at) for at, name in enumerate(self._names)}
        yield from _head("dai_requests_total", "counter", "Requests that were answered, by status.")
        for name, found in sums.items():
            for status, value in zip(STATUSES, found, strict=False):
                if value:
                    yield f'dai_requests_total{{model="{name}",status="{status}"}} {value:.0f}'
        for metric, at, meaning in (
            ("dai_rows_scored_total", _ROWS, "Rows that were scored."),
            ("dai_rows_rejected_total", _REJECTED, "Rows that could not be scored."),
            ("dai_unseen_levels_total", _UNSEEN, "Values that are levels which the model has never seen."),
        ):
            yield from _head(metric, "counter", meaning)
            yield from (f'{metric}{{model="{name}"}} {found[at]:.0f}' for name, found in sums.items() if name)
        yield from _head("dai_request_seconds", "histogram", "The time from a request to its answer.")
        for name, found in sums.items():
            yield from _histogram("dai_request_seconds", name, _SECONDS, found[_LATENCY:], found[_LATENCY_SUM])
        yield from _head("dai_batch_requests", "histogram", "Requests that were scored in one call of the model.")
        for name, found in sums.items():
            if name:
                yield from _histogram("dai_batch_requests", name, _BATCH, found[_SIZES:], found[_SIZES_SUM])
        yield from _head("dai_waiting_requests", "gauge", "Requests of this process that wait for a score.")
        yield from (f'dai_waiting_requests{{model="{name}"}} {count}' for name, count in waiting)
        yield from _head("dai_model_info", "gauge", "The models that are served.")
        for name, info in infos:
            labels = {
                "model": name,
                "id": info.id,
                "sha256": info.sha256,
                "runtime": info.runtime,
                "runtime_version": info.runtime_version,
            }
            written = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            yield f"dai_model_info{{{written}}} 1"

    def _sums(self, at: int) -> list[float]:
        starts = range(at * PER_MODEL, len(self._numbers), self._all)
        return [sum(column) for column in zip(*(self._numbers[one : one + PER_MODEL] for one in starts), strict=True)]


def _of_status(status: int) -> int:
    try:
        return STATUSES.index(status)
    except ValueError:
        return max(at for at, one in enumerate(STATUSES) if one // 100 == status // 100 or one == 500)


def _head(metric: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {metric} {meaning}"
    yield f"# TYPE {metric} {kind}"


def _histogram(
    metric: str, model: str, bounds: Sequence[float], counts: Sequence[float], total: float
) -> Iterator[str]:
    so_far = 0.0
    for bound, count in zip([*(f"{one:g}" for one in bounds), "+Inf"], counts, strict=False):
        so_far += count
        yield f'{metric}_bucket{{model="{model}",le="{bound}"}} {so_far:.0f}'
    yield f'{metric}_sum{{model="{model}"}} {total}'
    yield f'{metric}_count{{model="{model}"}} {so_far:.0f}'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
