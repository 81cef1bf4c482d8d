"""An HTTP client is told why the model refuses a row, and how many rows cannot be scored."""

from __future__ import annotations

import json
from collections.abc import Iterator

import orjson
import pytest

from dai_scoring.batch.options import FileOptions
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.service import HttpRequest, ScoringService
from dai_scoring.service.http import read, write
from tests.support.shared_cases import shared_case

pytestmark = pytest.mark.runtime

REASON = "refused_by_model: categorical value out of range"
GOOD, REFUSED = {"c": "lva", "k": "p", "x": 0.5}, {"c": "nosuch", "k": "p", "x": 0.5}


@pytest.fixture(scope="module")
def service(settings: RuntimeSettings) -> Iterator[ScoringService]:
    found = ScoringService.open(shared_case("glm-skip/model.zip"), FileOptions(), settings=settings)
    yield found
    found.close()


def told(service: ScoringService, body: bytes, path: str = "/score", **query: str) -> tuple[int, dict[str, object]]:
    http = HttpRequest("POST", path, query, {"Content-Type": "application/json"}, body)
    answer = write(http, service.respond_all([read(http)])[0])
    assert isinstance(answer.body, bytes)
    return answer.status, orjson.loads(answer.body)


def test_the_model_says_why_it_refuses_a_row(service: ScoringService) -> None:
    body = json.dumps([GOOD, REFUSED]).encode()
    status, found = told(service, body, bad_rows="fail")
    assert (status, found["code"], found["row"]) == (400, "bad_rows", 2)
    assert found["detail"] == f"1 row(s) cannot be scored, the first of them row 2 ({REASON}). Fix them."
    status, found = told(service, json.dumps([REFUSED]).encode())
    assert (status, found["row"], found["column"]) == (400, 1, None)
    assert str(found["detail"]).startswith(f"None of the rows can be scored. Row 1: {REASON}. ")
    of_h2o = {"fields": list(GOOD), "rows": [[str(value) for value in row.values()] for row in (GOOD, REFUSED)]}
    status, found = told(service, json.dumps(of_h2o).encode(), "/model/score")
    assert status == 400
    assert REASON in str(found["detail"])


@pytest.mark.parametrize("rows", [300, 300_000])
def test_a_count_says_that_not_all_rows_were_looked_at(service: ScoringService, rows: int) -> None:
    """All contents of a few hundred rows are looked at."""
    bad = json.dumps({**GOOD, "x": "a"})
    good = json.dumps(GOOD)
    body = "".join(f"{row}\n" for row in [bad, *[good] * rows, bad]).encode()
    status, found = told(service, body, bad_rows="fail")
    count = "2" if rows == 300 else "at least 1"
    assert (status, found["row"], found["column"]) == (400, 1, "x")
    assert (
        found["detail"]
        == f"{count} row(s) cannot be scored, the first of them row 1, column x (not_a_number). Fix them."
    )
