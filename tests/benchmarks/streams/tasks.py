"""Records a second of Celery's tasks, one record in each and many, by RabbitMQ and by Redis; results are in Redis."""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.benchmarks import common
from tests.support.brokers.rabbitmq_server import rabbitmq_server
from tests.support.brokers.records import ROW
from tests.support.brokers.redis_server import redis_server

_APPLICATION = "tests.routes.stream.celery_app"
_TASKS, _MANY, _RECORDS = 2000, 20, 1000


def main() -> None:
    """Measure and print; the figures also go into a file as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.streams.tasks", description=__doc__)
    common.add_arguments(parser, common.ROOT / "build" / "bench-tasks.json")
    arguments = parser.parse_args()
    common.end_orderly()
    figures = {}
    with tempfile.TemporaryDirectory(prefix="dai-bench-") as name:
        folder = Path(name)
        for one in ("redis", "rabbitmq"):
            (folder / one).mkdir()
        with redis_server(folder / "redis") as redis, rabbitmq_server(folder / "rabbitmq") as rabbit:
            for broker, url in (("redis", redis.url), ("rabbitmq", rabbit.url.replace("%2F", "/"))):
                common.say(f"{broker} ...")
                figures[broker] = _measured(url, redis.url.replace("/0", "/1"))
    table = Table("broker", "one record a task, records/s", f"{_RECORDS:,} records a task, records/s")
    for broker, (one, many) in figures.items():
        table.add_row(broker, f"{one:,.0f}", f"{many:,.0f}")
    common.console.print(table)
    common.write(arguments.json, {"machine": common.machine(), "tasks": figures})


def _measured(broker: str, backend: str) -> tuple[float, float]:
    variables = {"BROKER": broker, "BACKEND": backend, "MODEL": str(common.titanic())}
    os.environ |= {f"DAI_TEST_CELERY_{name}": value for name, value in variables.items()}
    sys.modules.pop(_APPLICATION, None)
    application: Any = importlib.import_module(_APPLICATION)
    with _worker():
        application.score.delay(ROW).get(timeout=120)
        one = _seconds(partial(application.score.delay, ROW), _TASKS) / _TASKS
        many = _seconds(partial(application.score_many.delay, [ROW] * _RECORDS), _MANY) / (_MANY * _RECORDS)
    # A result that is forgotten tells its backend so, which is there no longer after this.
    gc.collect()
    return 1 / one, 1 / many


def _seconds(send: Callable[[], Any], count: int) -> float:
    """The time from sending the first of so many tasks to the result of the last."""
    began = time.perf_counter()
    for task in [send() for _ in range(count)]:
        task.get(timeout=300)
    return time.perf_counter() - began


@contextmanager
def _worker() -> Iterator[None]:
    words = ["worker", "--concurrency", "1", "--loglevel", "ERROR", "--without-mingle", "--without-gossip"]
    command = [sys.executable, "-m", "celery", "-A", _APPLICATION, *words]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=common.ROOT, start_new_session=True, **quiet)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    main()
