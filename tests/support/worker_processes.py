"""The worker processes of a scorer."""

from __future__ import annotations

from dai_scoring.scorer import Scorer


def worker_pids(scorer: Scorer) -> list[int]:
    """Process ids of the workers that are free."""
    return [worker.pid for worker in scorer._engine._pool._idle]  # type: ignore[attr-defined]
