"""A function behind Amazon's API Gateway in ten lines on the service, with the sample model."""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.scorer import RuntimeSettings
from dai_scoring.service import HttpRequest, ScoringService

pytestmark = pytest.mark.runtime

JSON, CSV = "application/json", "text/csv"


def handle(service: ScoringService, event: dict[str, Any]) -> dict[str, Any]:
    """The handler of docs/service.md; a test compares."""
    http, body = event["requestContext"]["http"], event.get("body") or ""
    contents = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    query = event.get("queryStringParameters") or {}
    request = HttpRequest(http["method"], http["path"], query, event["headers"], contents)
    response = service.respond_http(request)
    return {
        "statusCode": response.status,
        "headers": dict(response.headers),
        "body": response.body.decode() if response.is_text else base64.b64encode(response.body).decode(),
        "isBase64Encoded": not response.is_text,
    }


@pytest.fixture(scope="module")
def service(samples: Path, settings: RuntimeSettings) -> Iterator[ScoringService]:
    with ScoringService.open(samples / "penguins.mojo", settings=settings) as found:
        yield found


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
