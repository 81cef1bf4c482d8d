"""The other runtimes behind the server: H2O's C++ runtime, and a Python scoring pipeline."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import pytest

from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.server.serving import serving
from tests.support.waiting import until

pytestmark = pytest.mark.runtime


def test_cpp(titanic: Path, cpp_runtime: None, tmp_path: Path) -> None:
    places = os.pathsep.join(one for one in sys.path if one)
    with serving(tmp_path, titanic, "--runtime", "cpp", environment={"PYTHONPATH": places}) as server:
        found = server.post("/score", GOLDEN_ROW).json
        assert [found["survived.0"], found["survived.1"]] == pytest.approx(GOLDEN_SCORE)
        assert "C++" in server.get("/models").json["models"][0]["runtime"]
        scores: list[float] = []

        def ask() -> None:
            scores.extend(server.post("/score", GOLDEN_ROW).json["survived.0"] for _ in range(20))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for one in threads:
            one.start()
        many = server.post("/score", json.dumps([GOLDEN_ROW] * 3000).encode()).json
        for one in threads:
            one.join()
        assert len(scores) == 80
        assert set(scores) == {found["survived.0"]}
        assert len(many) == 3000
        assert server.end() == 0


def test_a_python_pipeline(pipeline: Path, tmp_path: Path, samples: Path, rows: list[dict[str, str]]) -> None:
    words = ("--python-command", sys.executable, "--missing-values", "NA")
    with serving(tmp_path, f"birds={pipeline}", *words) as server:
        scored = server.post("/score", rows[:3]).json
        assert len(scored) == 3
        called = server.post("/rpc", {"id": 1, "method": "score", "params": {"row": rows[0]}}).json
        outputs = [one["name"] for one in server.get("/models/birds").json["outputs"]]
        assert called["result"] == [scored[0][name] for name in outputs]
        assert server.end() == 0


def test_a_pipeline_that_hangs(pipeline: Path, tmp_path: Path, rows: list[dict[str, str]]) -> None:
    words = ("--python-command", sys.executable, "--timeout", 2)
    with serving(tmp_path, pipeline, *words) as server:
        found = server.post("/score", {**rows[0], "island": "TRAP hang"})
        assert (found.status, found.json["code"]) == (504, "timeout")
        # The pipeline is started again, so that the next request need not wait for ever.
        until(lambda: server.post("/score", rows[0]).status == 200)
        assert server.end() == 0
