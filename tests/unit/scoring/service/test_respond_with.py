"""Records that a caller scores itself: the model, the options, H2O's dialect and errors are the service's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import ContentError
from dai_scoring.models import Runtime
from dai_scoring.options import BadRows
from dai_scoring.progress import Progress
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring.service import Request, Response, ScoringService, State
from dai_scoring.service.h2o_rest import Endpoint
from tests.support.engines import Sum


@pytest.fixture
def unexpected() -> list[Exception]:
    return []


@pytest.fixture
def service(unexpected: list[Exception]) -> Iterator[ScoringService]:
    with ScoringService(Scorer(Sum()), on_unexpected=unexpected.append) as found:
        yield found


def test_the_caller_gets_the_model_and_the_options_of_the_request(service: ScoringService) -> None:
    def score(scorer: Scorer, options: FileOptions) -> Response:
        total = scorer.score(pa.table({"x": [1.5], "s": ["ab"]})).predictions["total"].to_pylist()
        return Response(scorer.info, f"{total} {options.bad_rows.value}".encode())

    kept = Request(b"records", choices={"bad_rows": BadRows.KEEP.value})
    assert service.respond_with(kept, score).contents == b"[3.5] keep"
    assert service.respond_with(Request(b"records"), score).contents == b"[3.5] reject"


def test_requests_of_the_dialect_do_not_reach_the_caller(service: ScoringService) -> None:
    def score(scorer: Scorer, options: FileOptions) -> Response:
        raise AssertionError("the service answers these")

    body = json.dumps({"fields": ["x", "s"], "rows": [["1.5", "ab"]]}).encode()
    found = service.respond_with(Request(body, "application/json", endpoint=Endpoint.SCORE), score)
    assert isinstance(found.contents, bytes)
    assert json.loads(found.contents)["score"] == [["3.5"]]


def test_errors_are_in_the_response(service: ScoringService, unexpected: list[Exception]) -> None:
    def fail(error: Exception) -> str:
        def score(scorer: Scorer, options: FileOptions) -> Response:
            raise error

        response = service.respond_with(Request(b"records"), score)
        assert response.failure is not None
        assert response.model is Sum.info
        return response.failure.code

    assert fail(ContentError("no records.")) == "malformed_content"
    assert unexpected == []
    assert fail(ZeroDivisionError("1/0")) == "internal"
    assert [type(one) for one in unexpected] == [ZeroDivisionError]


def test_without_a_model_the_response_says_so() -> None:
    with ScoringService() as service:
        response = service.respond_with(Request(b"records"), lambda scorer, options: Response(scorer.info))
    assert response.failure is not None
    assert response.model is None


def test_what_loading_fetches_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def opening(path: Path, runtime: Runtime, settings: RuntimeSettings | None, progress: Progress) -> Scorer:
        progress("fetching a runtime", 0.5)
        said.append(service.readiness.progress)
        return Scorer(Sum())

    monkeypatch.setattr("dai_scoring.service.service.open_model", opening)
    with ScoringService() as service:
        assert service.load("model").state is State.READY
    assert said == ["fetching a runtime"]
