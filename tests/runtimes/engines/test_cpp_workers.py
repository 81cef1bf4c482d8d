"""The C++ runtime in several processes: the same scores as in one, and what becomes of workers that go wrong."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from dai_scoring.errors import ContentError, WorkerFailedError
from dai_scoring.options import PREDICTIONS_ONLY
from dai_scoring.runtimes.cpp_workers import FEW_ROWS
from dai_scoring.worker import process
from tests.support.models.titanic import ROWS, opened_in_cpp, passengers
from tests.support.processes import alive
from tests.support.project import ROOT
from tests.support.waiting import until
from tests.support.worker_processes import worker_pids

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("cpp_runtime")]


@pytest.fixture(scope="module")
def expected(titanic: Path) -> pa.Table:
    with opened_in_cpp(titanic, 0) as scorer:
        return scorer.score(passengers()).predictions


@pytest.mark.parametrize("workers", [None, 1, 2, 3])
def test_the_same_scores_to_the_last_bit_by_any_number_of_workers(
    titanic: Path, expected: pa.Table, workers: int | None
) -> None:
    with opened_in_cpp(titanic, workers) as scorer:
        assert scorer.score(passengers()).predictions.equals(expected)
        assert 0 < len(worker_pids(scorer)) <= (workers or 2)


def test_few_rows_start_no_worker(titanic: Path, expected: pa.Table) -> None:
    with opened_in_cpp(titanic, 2) as scorer:
        found = scorer.score(passengers(FEW_ROWS)).predictions
        assert found.equals(expected.slice(0, FEW_ROWS))
        assert not worker_pids(scorer)


def test_closing_ends_the_workers(titanic: Path) -> None:
    scorer = opened_in_cpp(titanic)
    scorer.score(passengers())
    pids = worker_pids(scorer)
    scorer.close()
    assert not any(alive(pid) for pid in pids)


def test_killed_workers_lose_no_row(titanic: Path, expected: pa.Table) -> None:
    with opened_in_cpp(titanic) as scorer:
        scorer.score(passengers())
        first = worker_pids(scorer)
        done = threading.Event()

        def score(number: int) -> pa.Table:
            if number == 20:
                for pid in first:
                    os.kill(pid, signal.SIGKILL)
                done.set()
            return scorer.score(passengers().slice(number, 5_000)).predictions

        with ThreadPoolExecutor(3) as threads:
            found = list(threads.map(score, range(50)))
        assert done.is_set()
        assert not any(alive(pid) for pid in first)
        for number, predictions in enumerate(found):
            assert predictions.equals(expected.slice(number, 5_000))


def test_rows_that_find_all_workers_dead_get_a_new_one(titanic: Path, expected: pa.Table) -> None:
    with opened_in_cpp(titanic, 2) as scorer:
        engine = scorer._engine
        for _ in range(2):
            worker = engine._start()
            engine._pool.add(worker)
            os.kill(worker.pid, signal.SIGKILL)
            worker._process.wait()
        columns = [passengers()[name].combine_chunks() for name in passengers().schema.names]
        assert engine._ask(columns, PREDICTIONS_ONLY)[0].equals(expected)


def test_workers_that_die_every_time_fail_the_rows_with_the_reason(
    titanic: Path, expected: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_in_cpp(titanic) as scorer:
        asked = process.Worker.ask

        def killed(worker: process.Worker, request: bytes, timeout: float) -> object:
            if request:
                os.kill(worker.pid, signal.SIGKILL)
            return asked(worker, request, timeout)

        with monkeypatch.context() as patched:
            patched.setattr(process.Worker, "ask", killed)
            with pytest.raises(WorkerFailedError, match=r"SIGKILL.*Set batch_rows lower.*Runtime\.JAVA"):
                scorer.score(passengers())
        assert scorer.score(passengers()).predictions.equals(expected)


def test_an_error_of_the_runtime_comes_out_of_a_worker_as_what_it_is(titanic: Path) -> None:
    rows = passengers()
    with opened_in_cpp(titanic) as scorer:
        engine = scorer._engine
        columns = [rows[name].combine_chunks() for name in rows.schema.names]
        columns[3] = pa.array([253402300799000] * ROWS, pa.timestamp("ms"))
        with pytest.raises(ContentError, match="has a time before 1678"):
            engine.predict(columns, ROWS, PREDICTIONS_ONLY)
        assert scorer.score(rows).predictions.num_rows == ROWS


def test_where_no_worker_gets_the_model_all_is_scored_without(
    titanic: Path, expected: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copyfile(titanic, tmp_path / "model.mojo"))  # not its mode: it may be read only
    with opened_in_cpp(path) as scorer:
        path.write_bytes(path.read_bytes() + b"\0")  # another model by now
        for _ in range(2):
            assert scorer.score(passengers()).predictions.equals(expected)
        assert not worker_pids(scorer)
    with opened_in_cpp(titanic) as scorer:
        monkeypatch.setattr(sys, "executable", "/absent/python")
        assert scorer.score(passengers()).predictions.equals(expected)


PARENT = """
import os, sys
from pathlib import Path
from tests.support.models.titanic import opened_in_cpp, passengers
from tests.support.worker_processes import worker_pids
scorer = opened_in_cpp(Path(sys.argv[1]))
scorer.score(passengers())
print(*worker_pids(scorer), flush=True)
sys.stdin.read()
"""


def test_workers_end_with_a_parent_that_is_killed(titanic: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(titanic)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert pids
        assert all(alive(pid) for pid in pids)
        parent.kill()
    until(lambda: not any(alive(pid) for pid in pids))
