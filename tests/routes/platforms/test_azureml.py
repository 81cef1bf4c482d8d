"""The entry script for AzureML in Azure's own inference server, with the sample model."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import fastavro
import pytest

from tests.support.platforms.azureml_server import Server

pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def server(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    models = tmp_path_factory.mktemp("models")
    # As AzureML mounts models: a folder for each, and in it one for each version.
    (models / "penguins" / "1").mkdir(parents=True)
    shutil.copyfile(samples / "penguins.mojo", models / "penguins" / "1" / "penguins.mojo")
    made = Server(models, tmp_path_factory.mktemp("server"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def rows(samples: Path) -> list[dict[str, str]]:
    with (samples / "penguins-rows.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def male(samples: Path) -> list[float]:
    with (samples / "penguins-expected.csv").open(newline="", encoding="utf-8") as file:
        return [float(row["male"]) for row in csv.DictReader(file)]


def test_rows_in_several_formats(server: Server, samples: Path, rows: list[dict[str, str]], male: list[float]) -> None:
    reply = server.ask("/score", json.dumps(rows).encode(), content_type="application/json")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert [float(one["male"]) for one in json.loads(reply.body)] == male
    table = (samples / "penguins-rows.csv").read_bytes()
    reply = server.ask("/score?columns=predictions&format=avro", table, content_type="text/csv")
    assert [float(one["male"]) for one in fastavro.reader(io.BytesIO(reply.body))] == male  # type: ignore[index, call-overload, arg-type]


def test_a_request_of_h2o_s_scorer(server: Server, rows: list[dict[str, str]], male: list[float]) -> None:
    request = {"fields": list(rows[0]), "rows": [list(row.values()) for row in rows]}
    reply = json.loads(server.ask("/score", json.dumps(request).encode(), content_type="application/json").body)
    assert [float(one[2]) for one in reply["score"]] == male


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_content"),
        (b" ", 400, "no_body"),
        (b'{"a": 1}', 400, "missing_columns"),
        (None, 405, "method_not_allowed"),
    ],
)
def test_errors_are_json_with_their_status(server: Server, body: bytes | None, status: int, code: str) -> None:
    reply = server.ask("/score", body, content_type="application/json")
    assert (reply.status, json.loads(reply.body)["code"]) == (status, code)


def test_no_value_of_a_row_is_in_the_log(server: Server, rows: list[dict[str, str]]) -> None:
    bad = json.dumps({**rows[0], "body_mass_g": "heavyweight"}).encode()
    reply = server.ask("/score", bad, content_type="application/json")
    error = json.loads(reply.body)
    assert (reply.status, error["code"], error["row"]) == (400, "bad_rows", 1)
    assert "POST /score" in server.log
    assert "heavyweight" not in server.log
    assert "Traceback" not in server.log


def test_without_a_model_and_its_end(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    server = Server(tmp_path / "models", tmp_path)
    for _ in range(2):
        reply = server.ask("/score", b"{}", content_type="application/json")
        assert (reply.status, json.loads(reply.body)["code"]) == (503, "model_error")
    assert server.log.count("The model cannot be loaded, so every request gets an error") == 1
    assert server.close() == 0


def test_it_ends_on_sigterm_without_a_crash(samples: Path, tmp_path: Path, rows: list[dict[str, str]]) -> None:
    (tmp_path / "models").mkdir()
    shutil.copyfile(samples / "penguins.mojo", tmp_path / "models" / "penguins.mojo")
    server = Server(tmp_path / "models", tmp_path)
    assert server.ask("/score", json.dumps(rows).encode(), content_type="application/json").status == 200
    assert server.close() == 0
    assert "SIGSEGV" not in server.log
