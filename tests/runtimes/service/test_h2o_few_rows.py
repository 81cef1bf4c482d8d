"""H2O's dialect with few rows: the same bytes as the other way gives, or left to that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dai_scoring.formats import Declined
from dai_scoring.options import MissingColumns
from dai_scoring.scorer import Scorer
from dai_scoring.service import HttpRequest, ScoringService, h2o_few_rows, h2o_rest
from dai_scoring.service.h2o_rest import Endpoint, Reply

pytestmark = pytest.mark.runtime

PENGUIN = {
    "species": "Adelie",
    "island": "Torgersen",
    "bill_length_mm": "39.1",
    "bill_depth_mm": "18.7",
    "flipper_length_mm": "181",
    "body_mass_g": "3750",
    "date_egg": "2007-11-11",
}
OTHER = {**PENGUIN, "species": "Gentoo", "body_mass_g": "NA", "island": None, "bill_depth_mm": ""}


def body(*rows: dict[str, Any], **further: Any) -> bytes:
    return json.dumps({"fields": list(rows[0]), "rows": [list(one.values()) for one in rows], **further}).encode()


PLAIN = [
    body(PENGUIN),
    body(OTHER, PENGUIN),
    body(dict(reversed(PENGUIN.items())), noFieldNamesInOutput=True),
    body({"id": "7", **PENGUIN}, includeFieldsInOutput=["species", "id"], idField="id"),
    body({**PENGUIN, "bill_length_mm": 39.1, "body_mass_g": 3750, "more": None}, includeFieldsInOutput=["body_mass_g"]),
    body({**PENGUIN, "island": "Atlantis"}, requestShapleyValueType="NONE", requestPredictionIntervals=False),
    body(*[PENGUIN] * 101),
]
OTHERS = [
    body({**PENGUIN, "body_mass_g": "heavy"}),
    body({**PENGUIN, "body_mass_g": True}),
    body({"species": "Adelie"}),
    body(PENGUIN, requestShapleyValueType="ORIGINAL"),
    body(PENGUIN, idField="row", includeFieldsInOutput=["row"]),
    body(PENGUIN, includeFieldsInOutput=["none"]),
    body({**PENGUIN, "more": 0.1}, includeFieldsInOutput=["more"]),
    b'{"fields": ["species"], "rows": [["Adelie", "x"]]}',
    b'[{"species": "Adelie"}]',
    b"{",
]


def test_plain_requests_are_answered_together_as_each_alone(penguins_scorer: Scorer) -> None:
    found = h2o_few_rows.replies(penguins_scorer, [*PLAIN, *OTHERS], MissingColumns.FAIL)
    assert [type(one) for one in found] == [Reply] * len(PLAIN) + [Declined] * len(OTHERS)
    for one, reply in zip(PLAIN, found, strict=False):
        alone = h2o_rest.reply(penguins_scorer, Endpoint.SCORE, one)
        assert isinstance(reply, Reply)
        assert alone is not None
        assert (reply.body, reply.rows, reply.unseen or {}) == (alone.body, alone.rows, alone.unseen or {})


def test_a_missing_column_may_count_as_missing_values(penguins_scorer: Scorer) -> None:
    few = body({"species": "Adelie"})
    (found,) = h2o_few_rows.replies(penguins_scorer, [few], MissingColumns.AS_MISSING)
    alone = h2o_rest.reply(penguins_scorer, Endpoint.SCORE, few, MissingColumns.AS_MISSING)
    assert isinstance(found, Reply)
    assert alone is not None
    assert found.body == alone.body


def test_a_driverless_ai_model_answers_the_same(titanic_scorer: Scorer) -> None:
    sample = h2o_rest.reply(titanic_scorer, Endpoint.SAMPLE_REQUEST, b"")
    assert sample is not None
    (found,) = h2o_few_rows.replies(titanic_scorer, [sample.body], MissingColumns.FAIL)
    alone = h2o_rest.reply(titanic_scorer, Endpoint.SCORE, sample.body)
    assert isinstance(found, Reply)
    assert alone is not None
    assert found.body == alone.body


def test_the_service_keeps_the_order(penguins_scorer: Scorer) -> None:
    bodies = [PLAIN[0], OTHERS[0], json.dumps(PENGUIN).encode(), OTHERS[3], PLAIN[1]]
    with ScoringService(penguins_scorer) as service:
        asked = [HttpRequest("POST", "/model/score", body=one) for one in bodies]
        together = service.respond_http_all(asked)
        alone = [service.respond_http(one) for one in asked]
    assert [one.status for one in together] == [200, 400, 200, 200, 200]
    assert [one.body for one in together] == [one.body for one in alone]
