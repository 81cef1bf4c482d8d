"""Several processes: they share a port and their counts, and one that dies is started again."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

from tests.support.models import second_model
from tests.support.processes import alive, children, command_line
from tests.support.server.serving import Server, serving
from tests.support.waiting import until

Rows = list[dict[str, str]]


def scored(server: Server) -> int:
    line = next(line for line in server.get("/metrics").text.splitlines() if line.startswith("dai_rows_scored_total{"))
    return int(float(line.rpartition(" ")[2]))


def working(server: Server) -> set[int]:
    """The processes that answer: those with the name of their place."""
    return {pid for pid in children(server.process.pid) if b"spawn_main" in command_line(pid)}


def test_one_that_dies_is_started_again(samples: Path, tmp_path: Path, rows: Rows) -> None:
    with serving(tmp_path, samples / "penguins.mojo", "--workers", 2) as server:
        first = working(server)
        assert len(first) == 2
        for row in rows[:40]:
            assert server.post("/score", row).status == 200
        assert scored(server) == 40
        os.kill(min(first), signal.SIGKILL)
        until(lambda: len(working(server)) == 2 and min(first) not in working(server))
        assert server.post("/score", rows[0]).status == 200
        assert scored(server) == 41
        assert server.end() == 0
    assert not any(map(alive, first))


def test_a_reload_reaches_all_and_none_outlives_the_one_that_started_it(
    samples: Path, tmp_path: Path, rows: Rows
) -> None:
    model = tmp_path / "model.mojo"
    shutil.copy(samples / "penguins.mojo", model)
    keys = tmp_path / "keys"
    keys.write_text("key\n")
    with serving(tmp_path, model, "--workers", 2, "--api-key-file", keys) as server:
        old = server.get("/model/id", X_API_Key="key").text
        assert old == second_model.SAMPLE_ID
        second_model.write(samples / "penguins.mojo", tmp_path / "next").replace(model)
        assert server.post("/models/model/reload", b"", X_API_Key="key").json["id"] == second_model.ID
        until(lambda: all(server.get("/model/id", X_API_Key="key").text == second_model.ID for _ in range(20)))
        assert server.post("/score", rows[0], X_API_Key="key").status == 200
        workers = working(server)
        server.process.kill()
        server.process.wait()
        until(lambda: not any(map(alive, workers)))


def test_a_reload_reaches_all_also_if_its_request_is_too_late(samples: Path, tmp_path: Path) -> None:
    model, keys = tmp_path / "model.mojo", tmp_path / "keys"
    shutil.copy(samples / "penguins.mojo", model)
    keys.write_text("key\n")
    # A model is warmed up for longer than that.
    words = ("--workers", 2, "--api-key-file", keys, "--timeout", 0.2)
    with serving(tmp_path, model, *words) as server:
        second_model.write(samples / "penguins.mojo", tmp_path / "next").replace(model)
        assert server.post("/models/model/reload", b"", X_API_Key="key").status == 504
        until(lambda: set(models_of(server, 2, X_API_Key="key").values()) == {second_model.ID})


def test_a_process_that_just_starts_reloads_when_it_has_started(samples: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.mojo"
    shutil.copy(samples / "penguins.mojo", model)
    with serving(tmp_path, model, "--workers", 2) as server:
        first = working(server)
        for one in first:
            os.kill(one, signal.SIGKILL)
        until(lambda: len(working(server) - first) == 2 and all(map(has_java, working(server) - first)))
        # It does not hear now that they have started.
        server.process.send_signal(signal.SIGSTOP)
        try:
            assert set(models_of(server, 2).values()) == {second_model.SAMPLE_ID}
            second_model.write(samples / "penguins.mojo", tmp_path / "next").replace(model)
            server.process.send_signal(signal.SIGHUP)
        finally:
            server.process.send_signal(signal.SIGCONT)
        until(lambda: set(models_of(server, 2).values()) == {second_model.ID})


def has_java(process: int) -> bool:
    """Whether a process has started Java, so that it has all that it was given."""
    try:
        return "libjvm" in Path(f"/proc/{process}/maps").read_text()
    except OSError:
        return False


def models_of(server: Server, processes: int, **headers: str) -> dict[str, str]:
    """The id of the model of each process. The ids of requests begin with what each process has for its own."""
    found: dict[str, str] = {}

    def ask() -> bool:
        answer = server.get("/model/id", **headers)
        found[answer.headers["x-request-id"].partition("-")[0]] = answer.text
        return len(found) == processes

    until(ask)
    return found
