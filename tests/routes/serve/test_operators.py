"""What operators count on: metrics, a model replaced and a server ended without a lost request."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.models import second_model
from tests.support.server.serving import Server, serving
from tests.support.waiting import until

Rows = list[dict[str, str]]
# A server whose model is replaced after it was loaded, before the server hears signals.
REPLACED = """
import sys
from pathlib import Path
from dai_routes.serve import usual
from dai_routes.serve.running.listening import address_of, listen
from dai_routes.serve.running.process import ServingProcess
settings = usual.settings(sys.argv[1], "127.0.0.1", 0)
process = ServingProcess(settings)
Path(sys.argv[2]).replace(sys.argv[1])
with listen(settings.host, settings.port) as listener:
    address = address_of(listener, settings.scheme, settings.host)
    process.serve(listener, lambda: print("Serving a model at", address, flush=True))
process.close()
"""


def test_metrics(server: Server, rows: Rows) -> None:
    server.post("/score", rows[:10])
    server.post("/score", {**rows[0], "island": "Atlantis"})
    server.post("/score", [{**rows[0], "body_mass_g": "heavy"}, rows[1]])
    server.post("/score", {})
    server.get("/nothing")
    found = dict(line.rsplit(" ", 1) for line in server.get("/metrics").text.splitlines() if line[0] != "#")
    assert found['dai_rows_scored_total{model="penguins"}'] == "12"
    assert found['dai_rows_rejected_total{model="penguins"}'] == "1"
    assert found['dai_unseen_levels_total{model="penguins"}'] == "1"
    assert found['dai_requests_total{model="penguins",status="200"}'] == "3"
    assert found['dai_requests_total{model="penguins",status="400"}'] == "1"
    assert found['dai_requests_total{model="",status="404"}'] == "1"
    assert found['dai_request_seconds_count{model="penguins"}'] == "4"
    assert found['dai_batch_requests_bucket{model="penguins",le="1"}'] == "4"
    (info,) = [name for name in found if name.startswith("dai_model_info")]
    assert server.get("/models").json["models"][0]["sha256"] in info


def test_a_model_is_replaced_by_sighup_without_a_lost_request(samples: Path, tmp_path: Path, rows: Rows) -> None:
    model = tmp_path / "model.mojo"
    shutil.copy(samples / "penguins.mojo", model)
    with serving(tmp_path, f"birds={model}", samples / "penguins.mojo") as server:
        before = server.post("/score", rows[0]).json
        with _Clients(server, rows[0]) as clients:
            second_model.write(samples / "penguins.mojo", tmp_path / "next").replace(model)
            server.process.send_signal(signal.SIGHUP)
            until(lambda: server.get("/model/id").text == second_model.ID)
        assert clients.failed == []
        after = server.post("/models/birds/score", rows[0]).json
        right = second_model.scores((before["predict"], before["female"], before["male"]))
        assert (after["predict"], after["female"]) == (right[0], pytest.approx(right[1]))
        assert server.post("/models/penguins/score", rows[0]).json == before
        # A file that is no model changes nothing.
        model.write_bytes(b"no model")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: any("stays as it was" in line["message"] for line in server.logged()))
        assert server.post("/score", rows[0]).json == after


def test_a_model_that_is_replaced_while_the_server_starts(samples: Path, tmp_path: Path) -> None:
    model, other = tmp_path / "model.mojo", tmp_path / "next"
    shutil.copy(samples / "penguins.mojo", model)
    second_model.write(samples / "penguins.mojo", other)
    with serving(tmp_path, model, other, command=[sys.executable, "-c", REPLACED]) as server:
        until(lambda: server.get("/model/id").text == second_model.ID)


def test_requests_under_sigterm_are_answered(samples: Path, tmp_path: Path, rows: Rows) -> None:
    with serving(tmp_path, samples / "penguins.mojo") as server, _Clients(server, rows[0]) as clients:
        until(lambda: clients.answers > 50)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: server.process.poll() is not None)
    assert (server.process.returncode, clients.failed) == (0, [])


def test_requests_of_curl_under_sigterm_are_answered(samples: Path, tmp_path: Path, rows: Rows) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not on this machine: apt-get install curl")
    body = tmp_path / "row.json"
    body.write_text(json.dumps(rows[0]))
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        answered = [0, 0, 0]
        with serving(folder, samples / "penguins.mojo") as server, ThreadPoolExecutor(3) as clients:
            found = [clients.submit(_curl, server, body, answered, client) for client in range(3)]
            until(lambda counts=answered, asking=found: min(counts) > 3 or any(one.done() for one in asking))
            assert server.end() == 0
            others = [one.result() for one in found]
        assert others == [[], [], []]
        assert min(answered) > 3


def _curl(server: Server, body: Path, answered: list[int], client: int) -> list[str]:
    """Ask with curl until the server takes no connection, and count right answers. Returns what else there was."""
    address = f"{server.address}/score"
    command = ["curl", "--silent", "--show-error", "--header", "Content-Type: application/json", "--data", f"@{body}"]
    command += ["--write-out", "%{http_code} %{exitcode}\\n", *(["--output", os.devnull, address] * 3)]
    while True:
        lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
        answered[client] += lines.count("200 0")
        # 7: no connection.
        others = [line for line in lines if line not in ("200 0", "000 7")]
        if "000 7" in lines or others:
            return others


class _Clients:
    """Some clients that ask one after the other, each on a connection that it keeps, until the server takes none."""

    def __init__(self, server: Server, row: dict[str, str]) -> None:
        self._server = server
        self._body = json.dumps(row).encode()
        self._ends = threading.Event()
        self.answers = 0
        self.failed: list[str] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def __enter__(self) -> _Clients:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for one in self._threads:
            one.join()

    def _ask(self) -> None:
        kept: http.client.HTTPConnection | None = None
        while not self._ends.is_set():
            if kept is None:
                kept = self._server.connection()
                try:
                    kept.connect()
                except (ConnectionRefusedError, TimeoutError):
                    return
            try:
                kept.request("POST", "/score", self._body, {"Content-Type": "application/json"})
                found = kept.getresponse()
                found.read()
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                return
            self.answers += 1
            if found.status != 200:
                self.failed.append(str(found.status))
            if found.getheader("Connection") == "close":
                kept.close()
                kept = None
