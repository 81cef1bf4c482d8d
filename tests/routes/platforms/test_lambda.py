"""Events of AWS answered by the Lambda handler, with the sample model, in the process of the test."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dai_routes.platforms import lambda_java
from dai_routes.platforms.lambda_handler import handler_of
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.service import ScoringService
from tests.support.platforms.lambda_events import http, load_balancer, rest

pytestmark = pytest.mark.runtime

JSON = "application/json"
Handler = Callable[[Any, Any], Any]


@pytest.fixture(scope="module")
def handle(samples: Path, settings: RuntimeSettings) -> Iterator[Handler]:
    with ScoringService.open(samples / "penguins.mojo", settings=settings) as service:
        yield handler_of(service)


@pytest.fixture(scope="module")
def rows(samples: Path) -> list[dict[str, str]]:
    with (samples / "penguins-rows.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def male(samples: Path) -> list[float]:
    with (samples / "penguins-expected.csv").open(newline="", encoding="utf-8") as file:
        return [float(row["male"]) for row in csv.DictReader(file)]


def males(records: list[dict[str, Any]]) -> list[float]:
    return [float(one["male"]) for one in records]


@pytest.mark.parametrize("name", ["records", "rows", "instances"])
def test_rows_under_a_name(handle: Handler, rows: list[dict[str, str]], male: list[float], name: str) -> None:
    answer = handle({name: rows, "columns": "predictions"}, None)
    assert list(answer) == [name]
    assert males(answer[name]) == male
    assert "island" not in answer[name][0]
    refused = handle({name: [rows[0], {**rows[1], "body_mass_g": "x"}], "bad_rows": "fail"}, None)
    assert (refused["status"], refused["code"], refused["row"]) == (400, "bad_rows", 2)


@pytest.mark.parametrize("number", [10**30, 10**400])
def test_integers_of_any_size_come_back_as_they_are(handle: Handler, rows: list[dict[str, str]], number: int) -> None:
    assert handle({**rows[0], "number": number}, None)["number"] == number


def test_the_request_of_h2o_s_lambda(handle: Handler, rows: list[dict[str, str]], male: list[float]) -> None:
    table = [list(row.values()) for row in rows]
    request = {"fields": list(rows[0]), "includeFieldsInOutput": ["individual_id"], "rows": table}
    body = json.dumps(request)
    replies = [json.loads(handle(rest(body, path="/score"), None)["body"]), handle(request, None)]
    replies += [json.loads(handle(http(body, path=path), None)["body"]) for path in ("/", "/model/score")]
    for reply in replies:
        assert reply["fields"] == ["individual_id", "predict", "female", "male"]
        assert [float(one[3]) for one in reply["score"]] == male
    refused = handle({**request, "rows": [["x"]]}, None)
    assert (refused["status"], refused["row"]) == (400, 1)


def test_a_stage_and_a_load_balancer(
    handle: Handler, samples: Path, rows: list[dict[str, str]], male: list[float]
) -> None:
    reply = handle(http(json.dumps(rows), stage="test", content_type=JSON), None)
    assert males(json.loads(reply["body"])) == male
    table = (samples / "penguins-rows.csv").read_bytes()
    query = {"columns": "predictions", "format": "json-array"}
    event = load_balancer(gzip.compress(table), query=query, content_type="text/csv", content_encoding="gzip")
    reply = handle(event, None)
    assert (reply["statusCode"], reply["statusDescription"]) == (200, "200 OK")
    assert reply["multiValueHeaders"]["Content-Type"] == [JSON]
    assert males(json.loads(reply["body"])) == male
    assert handle(load_balancer("x", path="/nothing"), None)["statusDescription"] == "404 Not Found"


def test_other_formats_and_paths(handle: Handler, samples: Path, male: list[float]) -> None:
    reply = handle(rest((samples / "penguins-rows.csv").read_text(), content_type="text/csv"), None)
    assert males(list(csv.DictReader(io.StringIO(reply["body"])))) == male
    assert handle(rest(path="/readyz", method="GET"), None)["body"] == "Ready"
    schema = json.loads(handle(http(path="/model/schema", method="GET"), None)["body"])
    assert schema["id"]
    assert handle(http(path="/score", method="GET"), None)["headers"]["Allow"] == "POST"


def test_scores_larger_than_lambda_sends(handle: Handler, rows: list[dict[str, str]]) -> None:
    # A quote takes two bytes in the scores, and four in what Lambda sends of them.
    many = [{**rows[0], "note": '"' * 2000}] * 1500
    reply = handle(http(json.dumps(many), content_type=JSON), None)
    assert (reply["statusCode"], json.loads(reply["body"])["code"]) == (413, "too_large")
    assert handle([{**rows[0], "note": "\u00fc" * 2000}] * 1500, None)["status"] == 413
    some = json.dumps(many[:400])
    assert handle(http(some, content_type=JSON), None)["statusCode"] == 200
    reply = handle(load_balancer(some, content_type=JSON), None)
    assert (reply["statusCode"], reply["statusDescription"][:4]) == (413, "413 ")
    assert "load balancer" in reply["body"]
    assert len(handle({"records": many, "columns": "predictions"}, None)["records"]) == 1500


def test_java_gets_what_the_function_s_memory_leaves() -> None:
    options = lambda_java.options({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008"})
    assert options == ("-Xmx2608m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
    assert lambda_java.options({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256"})[0] == "-Xmx128m"


def test_the_base_path_of_a_domain_and_the_stage(handle: Handler, rows: list[dict[str, str]]) -> None:
    body = json.dumps(rows[:1])
    # Gateways put the base path in front of the path, and not in front of the resource that has the function.
    event = {**rest(body, path="/birds/score"), "resource": "/score", "pathParameters": None}
    assert handle(event, None)["statusCode"] == 200
    event = {**rest(method="GET", path="/birds/model/schema"), "resource": "/model/schema", "pathParameters": None}
    assert json.loads(handle(event, None)["body"])["id"]
    event = {**http(body, path="/birds/score", stage="test"), "routeKey": "POST /score"}
    assert handle(event, None)["statusCode"] == 200
    event = {**rest(body, path="/test/score"), "version": "1.0", "resource": "$default", "pathParameters": None}
    assert handle(event, None)["statusCode"] == 200
