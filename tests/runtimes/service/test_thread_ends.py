"""Threads of Python that have called Java and ended: Java keeps nothing of them."""

from __future__ import annotations

import threading

import pytest

from dai_scoring.runtimes.java import jvm, thread_ends
from dai_scoring.scorer import Scorer
from tests.support.models.titanic import GOLDEN_SCORE, golden, scores

pytestmark = pytest.mark.runtime

THREADS = 20


def test_java_forgets_a_thread_that_ends(titanic_scorer: Scorer) -> None:
    threads = jvm.java_class("java.lang.management.ManagementFactory").getThreadMXBean()
    found: list[tuple[float, ...]] = []

    def score() -> None:
        for _ in range(2):
            found.extend(scores(titanic_scorer, golden()))
            thread_ends.forget_at_end()

    before = threads.getThreadCount()
    for _ in range(THREADS):
        thread = threading.Thread(target=score)
        thread.start()
        thread.join()
    assert found == [GOLDEN_SCORE] * (2 * THREADS)
    # Java itself may have started one or two.
    assert threads.getThreadCount() < before + THREADS // 2
