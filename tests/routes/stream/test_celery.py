"""Tasks of Celery with real brokers: Redis and RabbitMQ; results are in Redis."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.brokers.rabbitmq_server import rabbitmq_server
from tests.support.brokers.records import ROW, SCORES
from tests.support.brokers.redis_server import Redis, redis_server
from tests.support.models.titanic import GOLDEN_SCORE
from tests.support.project import ROOT
from tests.support.waiting import until

pytestmark = pytest.mark.runtime

MODULE = "tests.routes.stream.celery_app"


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def application(
    request: pytest.FixtureRequest, backend: Redis, titanic: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    pytest.importorskip("celery", reason="celery is not installed: pip install '.[celery]'")

    def of(broker: str) -> Iterator[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DAI_TEST_CELERY_BROKER", broker)
            patch.setenv("DAI_TEST_CELERY_BACKEND", backend.url.replace("/0", "/1"))
            patch.setenv("DAI_TEST_CELERY_MODEL", str(titanic))
            sys.modules.pop(MODULE, None)
            yield importlib.import_module(MODULE)
            # A result that is forgotten tells its backend so, which is there no longer after this.
            gc.collect()

    if request.param == "redis":
        yield from of(backend.url)
    else:
        with rabbitmq_server(tmp_path_factory.mktemp("rabbitmq")) as server:
            yield from of(server.url.replace("%2F", "/"))


@contextmanager
def working(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with one process; all of it is ended."""
    words = ["worker", "--concurrency", "1", "--loglevel", "INFO", "--without-mingle", "--without-gossip"]
    with (folder / "celery.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", MODULE, *words],
            stdout=log,
            stderr=log,
            cwd=ROOT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def is_idle(application: Any) -> bool:
    """Whether the worker has noted the end of all tasks. SIGTERM after a result and before that hangs any Celery."""
    asked = application.app.control.inspect(timeout=10, limit=1)
    found = asked.active() or {}
    return bool(found) and not any(found.values())


def scores(record: dict[str, Any]) -> list[float]:
    return [record[name] for name in SCORES]


def test_records_are_scored_and_bad_ones_fail(application: Any, tmp_path: Path) -> None:
    from dai_routes.stream.celery_tasks import RejectedRecordError

    with working(tmp_path) as worker:
        one = application.score.delay({"id": 1, **ROW}).get(timeout=120)
        assert one["id"] == 1
        assert scores(one) == pytest.approx(GOLDEN_SCORE)
        bad = application.score.delay({**ROW, "age": "old"})
        with pytest.raises(RejectedRecordError) as failed:
            bad.get(timeout=120)
        assert failed.value.args == ("not_a_number", "age", "old", None)
        found = application.score_many.delay([{**ROW, "age": "old" if at == 7 else 22} for at in range(500)]).get(
            timeout=60
        )
        assert [at for at, one in enumerate(found) if "_reject_code" in one] == [7]
        with pytest.raises(TypeError, match="takes a list of records"):
            application.score_many.delay(ROW).get(timeout=120)
        assert found[7] == {
            **ROW,
            "age": "old",
            "_reject_code": "not_a_number",
            "_reject_column": "age",
            "_reject_value": "old",
        }
        assert scores(found[499]) == pytest.approx(GOLDEN_SCORE)
        odd = [{"fare": Decimal("7.25")}, {"name": "\ud83d"}, {"id": 1 << 70}, {}]
        found = application.score_many.delay([{**ROW, **one} for one in odd]).get(timeout=120)
        assert [one.get("_reject_code") for one in found] == [None, "malformed_row", None, None]
        assert (found[0]["fare"], found[2]["id"]) == (7.25, 1 << 70)
        assert all(scores(found[at]) == pytest.approx(GOLDEN_SCORE) for at in (0, 2, 3))
        until(lambda: is_idle(application), 60)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(120) == 0
    log = (tmp_path / "celery.log").read_text()
    assert "RejectedRecordError(not_a_number, column age)" in log
    assert "succeeded in" in log
    # Values of the records, and scores.
    assert not [value for value in ("old", one["sex"], *map(str, scores(one))) if value in log], log


def test_a_worker_that_is_killed_loses_nothing(application: Any, tmp_path: Path) -> None:
    if application.BROKER.startswith("redis"):
        pytest.skip("with Redis, Celery loses a task that a worker took and had not noted yet when it was killed")
    tasks = [application.score.delay({"id": at, **ROW}) for at in range(300)]
    for wanted in (20, 60):
        with working(tmp_path):
            tasks[wanted].get(timeout=120)
    with working(tmp_path):
        assert [task.get(timeout=150)["id"] for task in tasks] == list(range(300))
