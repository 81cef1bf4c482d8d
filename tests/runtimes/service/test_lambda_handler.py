"""A function behind Amazon's API Gateway in ten lines on the service, with the sample model."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

from dai_scoring.scorer import RuntimeSettings
from dai_scoring.service import HttpRequest, ScoringService
from tests.support.project import ROOT

pytestmark = pytest.mark.runtime

JSON, CSV = "application/json", "text/csv"


Handler = Callable[[dict[str, Any]], dict[str, Any]]


def make_handler(service: ScoringService) -> Handler:
    """The handler of docs/service.md, taken from there."""
    text = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    source = next(part for part in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "def handler" in part)
    names = {"base64": base64, "HttpRequest": HttpRequest, "service": service}
    exec(source[source.index("def handler") :], names)
    handler = names["handler"]
    return lambda event: handler(event, None)


@pytest.fixture(scope="module")
def handle(samples: Path, settings: RuntimeSettings) -> Iterator[Handler]:
    with ScoringService.open(samples / "penguins.mojo", settings=settings, most_bytes=100_000) as service:
        yield make_handler(service)


@pytest.fixture(scope="module")
def rows(samples: Path) -> list[dict[str, str]]:
    with (samples / "penguins-rows.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def expected(samples: Path) -> list[dict[str, str]]:
    with (samples / "penguins-expected.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def event(
    method: str, path: str, body: str | bytes = "", mime_type: str | None = JSON, query: Any = None, **headers: str
) -> dict[str, Any]:
    if mime_type is not None:
        headers["content-type"] = mime_type
    return {
        "version": "2.0",
        "requestContext": {"http": {"method": method, "path": path}},
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "queryStringParameters": query,
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": isinstance(body, bytes),
    }


def typed(row: dict[str, str]) -> dict[str, Any]:
    numbers = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
    return {name: (float(value) if value else None) if name in numbers else value for name, value in row.items()}


def scores(record: dict[str, Any]) -> tuple[str, float, float]:
    return record["predict"], float(record["female"]), float(record["male"])


def test_one_object(handle: Handler, rows: list[dict[str, str]], expected: list[dict[str, str]]) -> None:
    answer = handle(event("POST", "/score", json.dumps(typed(rows[0]))))
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, JSON)
    record = json.loads(answer["body"])
    assert scores(record) == scores(expected[0])
    assert (record["individual_id"], record["_reject_code"]) == ("N1A1", None)
    answer = handle(event("POST", "/score", json.dumps(typed(rows[0])), query={"columns": "predictions"}))
    assert list(json.loads(answer["body"]))[:3] == ["predict", "female", "male"]


def test_an_array_and_csv_in_base64(
    handle: Handler, samples: Path, rows: list[dict[str, str]], expected: list[dict[str, str]]
) -> None:
    answer = handle(event("POST", "/score", json.dumps([*map(typed, rows)])))
    assert [scores(one) for one in json.loads(answer["body"])] == [scores(one) for one in expected]
    answer = handle(event("POST", "/score", (samples / "penguins-rows.csv").read_bytes(), CSV))
    assert (answer["headers"]["Content-Type"], answer["isBase64Encoded"]) == (CSV, False)
    assert [scores(one) for one in csv.DictReader(io.StringIO(answer["body"]))] == [scores(one) for one in expected]


@pytest.mark.parametrize("mime_type", ["application/octet-stream", "text/plain", "oops", None])
def test_an_odd_or_absent_type_leaves_the_format_to_the_contents(
    handle: Handler, samples: Path, expected: list[dict[str, str]], mime_type: str | None
) -> None:
    text = (samples / "penguins-rows.csv").read_text(encoding="utf-8")
    answer = handle(event("POST", "/score", text, mime_type))
    assert [scores(one) for one in csv.DictReader(io.StringIO(answer["body"]))] == [scores(one) for one in expected]


def test_the_encoding_that_the_type_names(handle: Handler, rows: list[dict[str, str]]) -> None:
    row = {**rows[0], "individual_id": "café"}
    text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
    answer = handle(event("POST", "/score", text.encode("latin-1"), "text/csv; charset=ISO-8859-1"))
    assert next(csv.DictReader(io.StringIO(answer["body"])))["individual_id"] == "café"
    answer = handle(event("POST", "/score", text, "text/csv; charset=oops"))
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (400, "malformed_content")


def test_the_dialect_of_h2o(handle: Handler, rows: list[dict[str, str]], expected: list[dict[str, str]]) -> None:
    sample = json.loads(handle(event("GET", "/model/sample_request"))["body"])
    row = [rows[0][name] for name in sample["fields"]]
    found = json.loads(handle(event("POST", "/model/score", json.dumps({**sample, "rows": [row]})))["body"])
    assert found["fields"] == ["predict", "female", "male"]
    assert (found["score"][0][0], *map(float, found["score"][0][1:])) == scores(expected[0])
    wanted = {**sample, "rows": [row], "requestShapleyValueType": "ORIGINAL"}
    found = json.loads(handle(event("POST", "/model/contribution", json.dumps(wanted)))["body"])
    assert found["features"][-1] == "contrib_BiasTerm"
    (record,) = json.loads(handle(event("POST", "/model/score", json.dumps([typed(rows[0])])))["body"])
    assert scores(record) == scores(expected[0])
    ready = handle(event("GET", "/readyz"))
    assert (ready["statusCode"], ready["body"], ready["headers"]["Content-Type"]) == (200, "Ready", "text/plain")
    assert handle(event("HEAD", "/readyz"))["body"] == ""


def test_bad_values(handle: Handler, rows: list[dict[str, str]]) -> None:
    bad = {**typed(rows[1]), "body_mass_g": "heavy"}
    two = json.dumps([typed(rows[0]), bad])
    first, second = json.loads(handle(event("POST", "/score", two))["body"])
    assert (first["predict"], first["_reject_code"]) == ("male", None)
    assert (second["predict"], second["_reject_code"], second["_reject_column"]) == (
        None,
        "not_a_number",
        "body_mass_g",
    )
    refused = handle(event("POST", "/score", two, query={"bad_rows": "fail"}))
    assert refused["statusCode"] == 400
    error = json.loads(refused["body"])
    assert (error["code"], error["row"], error["column"]) == ("bad_rows", 2, "body_mass_g")
    assert "heavy" not in error["detail"]
    # There is nothing to answer with but the error, unless the client asked for the reasons.
    refused = handle(event("POST", "/score", json.dumps(bad)))
    assert (refused["statusCode"], json.loads(refused["body"])["code"]) == (400, "bad_rows")
    kept = handle(event("POST", "/score", json.dumps(bad), query={"bad_rows": "keep"}))
    assert (kept["statusCode"], json.loads(kept["body"])["_reject_value"]) == (200, "heavy")


@pytest.mark.parametrize(
    ("method", "path", "body", "mime_type", "query", "status", "code", "says"),
    [
        ("POST", "/score", "", JSON, None, 400, "no_body", "has no body"),
        ("POST", "/model/score", " \r\n", JSON, None, 400, "no_body", "has no body"),
        ("POST", "/scores", "{}", JSON, None, 404, "not_found", "nothing at /scores"),
        ("GET", "/", "", None, None, 404, "not_found", "nothing at /"),
        ("GET", "/score", "", None, None, 405, "method_not_allowed", "GET is not possible at /score"),
        ("POST", "/model/id", "{}", JSON, None, 405, "method_not_allowed", "POST is not possible at /model/id"),
        ("POST", "/score", "x", "multipart/form-data; boundary=x", None, 415, "multipart", "as the body itself"),
        ("POST", "/score", "{", JSON, None, 400, "malformed_content", ""),
        ("POST", "/score", "no records", JSON, None, 400, "malformed_content", ""),
        ("POST", "/score", "no records", None, None, 400, "unknown_format", "Content-Type"),
        ("POST", "/score", '{"a": 1}', JSON, None, 400, "missing_columns", "island"),
        ("POST", "/score", "{}", JSON, {"columns": "x"}, 400, "bad_request", "columns is one of all, predictions"),
        ("POST", "/score", "{}", JSON, {"format": "x"}, 400, "bad_request", "format is one of csv, json-array"),
        ("POST", "/score", "[" + " " * 100_000 + "]", JSON, None, 413, "too_large", "100,000 bytes"),
    ],
)
def test_refused_requests(
    handle: Handler,
    method: str,
    path: str,
    body: str,
    mime_type: str | None,
    query: Any,
    status: int,
    code: str,
    says: str,
) -> None:
    answer = handle(event(method, path, body, mime_type, query))
    error = json.loads(answer["body"])
    assert (answer["statusCode"], error["code"], answer["headers"]["Content-Type"]) == (status, code, JSON)
    assert says in error["detail"]
    assert answer["headers"].get("Allow") == {"/score": "POST", "/model/id": "GET, HEAD"}.get(
        path if status == 405 else ""
    )


def test_compressed_bodies(handle: Handler, samples: Path, expected: list[dict[str, str]]) -> None:
    text = (samples / "penguins-rows.csv").read_bytes()
    for packed, name in (
        (gzip.compress(text), "gzip"),
        (gzip.compress(text[:5000]) + gzip.compress(text[5000:]), "GZIP"),
        (zlib.compress(text), "deflate"),
    ):
        answer = handle(event("POST", "/score", packed, CSV, content_encoding=name))
        assert [scores(one) for one in csv.DictReader(io.StringIO(answer["body"]))] == [scores(one) for one in expected]
    refused = handle(event("POST", "/score", gzip.compress(text)[:-20], CSV, content_encoding="gzip"))
    assert (refused["statusCode"], json.loads(refused["body"])["code"]) == (400, "malformed_content")
    refused = handle(event("POST", "/score", text, CSV, content_encoding="br"))
    assert (refused["statusCode"], refused["headers"]["Accept-Encoding"]) == (415, "gzip, deflate")
    # A megabyte of a few bytes.
    refused = handle(event("POST", "/score", gzip.compress(b"\n" * (1 << 20)), CSV, content_encoding="gzip"))
    assert (refused["statusCode"], json.loads(refused["body"])["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("accept", "mime_type"),
    [
        ("*/*", JSON),
        ("application/json, text/plain, */*", JSON),
        ("text/csv", CSV),
        ("text/html, application/json;q=0.5, text/csv;q=0.4", JSON),
        ("application/json;q=0, */*;q=0.1", CSV),
        ("application/x-ndjson", "application/x-ndjson"),
        ("text/html", None),
    ],
)
def test_the_format_that_a_client_accepts(
    handle: Handler, rows: list[dict[str, str]], accept: str, mime_type: str | None
) -> None:
    answer = handle(event("POST", "/score", json.dumps([typed(rows[0])]), accept=accept))
    if mime_type is None:
        assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (406, "not_acceptable")
    else:
        assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, mime_type)


def test_a_binary_format(handle: Handler, rows: list[dict[str, str]], expected: list[dict[str, str]]) -> None:
    answer = handle(event("POST", "/score", json.dumps(typed(rows[0])), query={"format": "avro"}))
    assert answer["isBase64Encoded"]
    (record,) = fastavro.reader(io.BytesIO(base64.b64decode(answer["body"])))
    assert scores(record) == scores(expected[0])
