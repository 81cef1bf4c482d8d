"""realtime-http whose records NiFi's record services read and write, with contributions: what a client may ask for."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.undeploy import undeploy
from tests.support.nifi.http import ROW, ask, expected
from tests.support.nifi.instance import NiFi
from tests.support.ports import free_port

pytestmark = pytest.mark.nifi

REASONS = ("_reject_code", "_reject_column", "_reject_value")


@pytest.fixture
def url(nifi: NiFi, samples: Path, record_services: dict[str, str]) -> Iterator[str]:
    settings = {"http.port": str(free_port()), "contributions": "original", **record_services}
    made = deploy(Request("realtime-http", samples / "penguins.mojo", name="by-services", parameters=settings))
    assert made.endpoint is not None
    yield made.endpoint
    undeploy("by-services", force=True)


def test_a_request_says_what_its_answer_has(url: str, samples: Path) -> None:
    with (samples / "penguins-contributions.csv").open(newline="") as file:
        _, _, *named = next(csv.DictReader(file)).items()
    scores = dict(zip(("predict", "female", "male"), expected(samples)[0], strict=True))
    scores |= {f"contrib_{name}": float(value) for name, value in named}
    none = dict.fromkeys((*scores, *REASONS))
    bad = {**ROW, "body_mass_g": "NULL"}
    why = dict(zip(REASONS, ("not_a_number", "body_mass_g", "NULL"), strict=True))

    def answered(query: str, *rows: dict[str, Any]) -> Any:
        answer = ask(f"{url}?{query}", json.dumps(rows), "application/json")
        assert (answer.status, answer.type) == (200, "application/json")
        return json.loads(answer.body)

    assert answered("", ROW) == answered("columns=all", ROW) == [{**ROW, **scores}]
    assert answered("columns=predictions", ROW, ROW) == [scores, scores]
    assert answered("bad_rows=keep", bad, ROW) == [{**bad, **none, **why}, {**ROW, **none, **scores}]
    assert answered("columns=predictions&bad_rows=keep", bad, ROW) == [{**none, **why}, {**none, **scores}]
    # A row that was fixed and is scored now has no reason any more.
    fixed = {**ROW, **why}
    assert answered("bad_rows=keep", fixed) == [{**ROW, **none, **scores}]
    for query, row, code in (
        ("", bad, "bad_rows"),
        ("columns=some", ROW, "bad_request"),
        ("bad_rows=keep", {**ROW, "_reject_code": "my own"}, "name_clash"),
        ("", {**ROW, "contrib_island": 1}, "name_clash"),
    ):
        answer = ask(f"{url}?{query}", json.dumps([ROW, row]), "application/json")
        assert (answer.status, answer.error["code"]) == (400, code)
