"""The Lambda handler in AWS's own runtime and emulator, with the sample model."""

from __future__ import annotations

import base64
import csv
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.platforms.lambda_emulator import Function
from tests.support.platforms.lambda_events import http, rest
from tests.support.processes import children
from tests.support.waiting import until

pytest.importorskip("awslambdaric", reason="the extra 'lambda' is not installed")
pytestmark = pytest.mark.runtime

HANDLER = "dai_routes.platforms.aws_lambda.handler"


@pytest.fixture(scope="module")
def function(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    made = Function(HANDLER, tmp_path_factory.mktemp("function"), {"MODEL": str(samples / "penguins.mojo")})
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


def test_rows_sent_to_the_function(function: Function, rows: list[dict[str, str]], male: list[float]) -> None:
    assert float(function.call(rows[0])["male"]) == male[0]
    assert [float(one["male"]) for one in function.call(rows)] == male


def test_requests_of_both_gateways(
    function: Function, samples: Path, rows: list[dict[str, str]], male: list[float]
) -> None:
    for event in (rest, http):
        reply = function.call(event(json.dumps(rows), content_type="application/json"))
        assert (reply["statusCode"], reply["isBase64Encoded"]) == (200, False)
        assert [float(one["male"]) for one in json.loads(reply["body"])] == male
    table = (samples / "penguins-rows.csv").read_bytes()
    reply = function.call(http(table, query={"format": "avro"}, content_type="text/csv"))
    assert base64.b64decode(reply["body"])[:3] == b"Obj"


def test_errors_are_json_and_no_value_is_in_the_log(function: Function, rows: list[dict[str, str]]) -> None:
    bad = {**rows[0], "body_mass_g": "heavyweight"}
    error = function.call(bad)
    assert (error["status"], error["code"], error["row"], error["column"]) == (400, "bad_rows", 1, "body_mass_g")
    reply = function.call(rest(json.dumps([bad]), query={"bad_rows": "fail"}, content_type="application/json"))
    assert (reply["statusCode"], json.loads(reply["body"])["column"]) == (400, "body_mass_g")
    reply = function.call({**http("x"), "isBase64Encoded": True})
    assert (reply["statusCode"], json.loads(reply["body"])["code"]) == (400, "malformed_content")
    assert function.call([]) == []
    for nothing in ({}, None, 1, "text"):
        assert {"detail", "code", "row", "column", "status"} <= function.call(nothing).keys()
    assert "heavyweight" not in function.log
    assert "Traceback" not in function.log


def test_sigterm_ends_it_without_a_crash(samples: Path, tmp_path: Path, rows: list[dict[str, str]]) -> None:
    function = Function(HANDLER, tmp_path, {"MODEL": str(samples / "penguins.mojo")})
    try:
        function.call(rows[0])
        (runtime,) = children(function.process.pid)
        os.kill(runtime, signal.SIGTERM)
        until(lambda: "Runtime.ExitError" in function.log or not children(function.process.pid))
        assert "signal: segmentation" not in function.log
        assert "SIGSEGV" not in function.log
    finally:
        function.close()


def test_a_model_that_cannot_be_loaded(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    function = Function(HANDLER, tmp_path, {"MODEL": str(tmp_path / "absent.mojo")})
    try:
        errors: list[Any] = [function.call(rows[0]) for _ in range(2)]
        assert [(one["status"], one["code"]) for one in errors] == [(503, "model_error")] * 2
        assert "cannot score now" in errors[0]["detail"]
        reply = function.call(http(path="/readyz", method="GET"))
        assert reply["statusCode"] == 503
        assert function.log.count("there is no model file at") == 1
    finally:
        function.close()
