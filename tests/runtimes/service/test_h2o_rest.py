"""The dialect of H2O's REST scorers, on real models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.csv as pa_csv
import pytest

from dai_scoring.errors import (
    HTTP_STATUSES,
    BadRowsError,
    ContentError,
    MissingColumnsError,
    ScoringError,
    UnsupportedError,
)
from dai_scoring.option_words import Audience
from dai_scoring.options import MissingColumns
from dai_scoring.scorer import Scorer
from dai_scoring.service import HttpRequest, ScoringService, h2o_rest
from dai_scoring.service.h2o_rest import Endpoint
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE

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


def asked(scorer: Scorer, endpoint: Endpoint, body: Any = None, **changes: Any) -> Any:
    given = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = h2o_rest.reply(scorer, endpoint, given if body is not None else b"", **changes)
    assert answer is not None
    if endpoint is Endpoint.ID:
        return answer.body.decode()
    assert answer.mime_type == "application/json"
    return json.loads(answer.body)


def request(row: dict[str, Any], *rows: dict[str, Any], **further: Any) -> dict[str, Any]:
    return {"fields": list(row), "rows": [list(one.values()) for one in (row, *rows)], **further}


def test_the_golden_row(titanic_scorer: Scorer) -> None:
    wanted = ["survived.0", "survived.1"]
    golden = [str(value) for value in GOLDEN_SCORE]
    found = asked(titanic_scorer, Endpoint.SCORE, request(GOLDEN_ROW))
    assert found == {"id": titanic_scorer.info.id, "fields": wanted, "score": [golden]}
    turned = dict(reversed([*GOLDEN_ROW.items(), ("passenger", "42")]))
    found = asked(titanic_scorer, Endpoint.SCORE, request(turned, includeFieldsInOutput=["passenger", "sex"]))
    assert found["fields"] == ["passenger", "sex", *wanted]
    assert found["score"] == [["42", "male", *golden]]
    found = asked(titanic_scorer, Endpoint.SCORE, request(GOLDEN_ROW, noFieldNamesInOutput=True))
    assert "fields" not in found
    typed = {**GOLDEN_ROW, "pclass": 3, "age": 22.0, "fare": 7.25}
    assert asked(titanic_scorer, Endpoint.SCORE, request(typed))["score"] == [golden]


@pytest.mark.parametrize("number", ["12345678901234567.89", "0.10", "1E5", "1e400", "7"])
@pytest.mark.parametrize("count", [1, 200])
def test_a_number_that_comes_back_is_as_it_was_written(titanic_scorer: Scorer, number: str, count: int) -> None:
    rows = [{"amount": 0, **GOLDEN_ROW, "fare": 0}] * count
    text = json.dumps(request(*rows, includeFieldsInOutput=["amount", "fare"]))
    body = text.replace("[0, ", f"[{number}, ").replace(" 0, ", " 7.250, ").encode()
    with ScoringService(titanic_scorer) as service:
        answer = service.respond_http(HttpRequest("POST", "/model/score", body=body))
    golden = [str(value) for value in GOLDEN_SCORE]
    assert json.loads(answer.body)["score"] == [[number, "7.250", *golden]] * count


def test_missing_values_and_no_rows(titanic_scorer: Scorer) -> None:
    rows = [{**GOLDEN_ROW, "age": missing} for missing in (None, "", "NA")]
    found = asked(titanic_scorer, Endpoint.SCORE, request(*rows))["score"]
    assert found[0] == found[1] == found[2] != [str(value) for value in GOLDEN_SCORE]
    none = {"fields": list(GOLDEN_ROW), "rows": []}
    found = asked(titanic_scorer, Endpoint.SCORE, none)
    assert (found["fields"], found["score"]) == (["survived.0", "survived.1"], [])
    fewer = {name: value for name, value in GOLDEN_ROW.items() if name != "age"}
    as_missing = asked(titanic_scorer, Endpoint.SCORE, request(fewer), missing_columns=MissingColumns.AS_MISSING)
    assert as_missing["score"] == [asked(titanic_scorer, Endpoint.SCORE, request(rows[0]))["score"][0]]


def test_what_is_said_of_the_model(titanic_scorer: Scorer, penguins_scorer: Scorer) -> None:
    assert asked(titanic_scorer, Endpoint.ID) == titanic_scorer.info.id
    assert asked(titanic_scorer, Endpoint.CAPABILITIES) == ["SCORE"]
    assert asked(penguins_scorer, Endpoint.CAPABILITIES) == [
        "SCORE",
        "CONTRIBUTION_ORIGINAL",
        "CONTRIBUTION_TRANSFORMED",
    ]
    schema = asked(titanic_scorer, Endpoint.SCHEMA)
    assert schema["id"] == titanic_scorer.info.id
    assert schema["schema"]["inputFields"][:2] == [
        {"name": "pclass", "dataType": "Float32"},
        {"name": "sex", "dataType": "Str"},
    ]
    assert [one["name"] for one in schema["schema"]["outputFields"]] == ["survived.0", "survived.1"]
    sample = asked(penguins_scorer, Endpoint.SAMPLE_REQUEST)
    assert dict(zip(sample["fields"], sample["rows"][0], strict=True))["date_egg"] == "2018-01-01"
    assert len(asked(penguins_scorer, Endpoint.SCORE, sample)["score"]) == 1


@pytest.mark.parametrize("kind", ["ORIGINAL", "TRANSFORMED"])
def test_contributions(penguins_scorer: Scorer, samples: Path, kind: str) -> None:
    expected = pa_csv.read_csv(samples / "penguins-contributions.csv").slice(0, 1).to_pylist()[0]
    found = asked(penguins_scorer, Endpoint.SCORE, request(PENGUIN, requestShapleyValueType=kind))
    given = found["featureShapleyContributions"]
    names = [name for name in expected if name not in ("study_name", "individual_id")]
    assert given["features"] == [f"contrib_{name}" for name in names]
    (group,) = given["contributionGroups"]
    assert [float(value) for value in group["contributions"][0]] == [expected[name] for name in names]
    alone = asked(penguins_scorer, Endpoint.CONTRIBUTION, request(PENGUIN, requestShapleyValueType=kind))
    assert alone == given
    assert asked(penguins_scorer, Endpoint.CONTRIBUTION, request(PENGUIN)) == given  # the same for this model


BAD = {**GOLDEN_ROW, "age": "old"}


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        (request(BAD), BadRowsError, 400, "the first of them row 1, column age (not_a_number)"),
        (request({"pclass": "3"}), MissingColumnsError, 400, "5 column(s) of the model are missing"),
        ({"fields": ["a", "b"], "rows": [["1"]]}, ContentError, 400, "row 1 has 1 values, and there are 2 fields"),
        ({"fields": ["a"], "rows": [["1"], "2"]}, ContentError, 400, "row 2 must be a list of values"),
        (
            {"rows": "x"},
            ContentError,
            400,
            "the body has 'rows' and no 'fields': a request to H2O's REST scorer has both",
        ),
        ({"fields": ["a"]}, ContentError, 400, "the body has 'fields' and no 'rows'"),
        ({"fields": ["a"], "rows": "x"}, ContentError, 400, "'rows' must be a list, not text"),
        ({"fields": ["a", "a"], "rows": []}, ContentError, 400, "names a column more than once"),
        ({"fields": ["a"], "rows": [[{"b": 1}]]}, ContentError, 400, "row 1, field 'a': there is a list or an object"),
        (request(GOLDEN_ROW, includeFieldsInOutput=["nobody"]), ContentError, 400, "not in 'fields': nobody"),
        (request(GOLDEN_ROW, requestShapleyValueType="SOME"), ContentError, 400, "is one of NONE, ORIGINAL, TRANSF"),
        (request(GOLDEN_ROW, requestShapleyValueType="ORIGINAL"), UnsupportedError, 501, "gives no contributions"),
        (request(GOLDEN_ROW, requestPredictionIntervals=True), UnsupportedError, 501, "no prediction intervals"),
        (b'{"fields": [', ContentError, 400, "the body is no valid JSON"),
    ],
)
def test_what_is_wrong_is_said(
    titanic_scorer: Scorer, body: Any, kind: type[ScoringError], status: int, says: str
) -> None:
    with pytest.raises(kind) as caught:
        asked(titanic_scorer, Endpoint.SCORE, body)
    assert says in str(caught.value)
    assert says in caught.value.text_for(Audience.CLIENT)
    assert caught.value.http_status == status
    assert HTTP_STATUSES[kind.code] == status
    assert "old" not in str(caught.value)


def test_other_bodies_are_records(titanic_scorer: Scorer) -> None:
    for body in (b'[{"pclass": 3}]', b"pclass,sex\n3,male\n", b'{"pclass": 3}'):
        assert h2o_rest.reply(titanic_scorer, Endpoint.SCORE, body) is None
    with pytest.raises(ContentError, match="no JSON object with 'fields' and 'rows'"):
        h2o_rest.reply(titanic_scorer, Endpoint.CONTRIBUTION, b"[]")


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [
        ("POST", "/model/score", Endpoint.SCORE),
        ("POST", "/model/contribution", Endpoint.CONTRIBUTION),
        ("GET", "/model/id", Endpoint.ID),
        ("HEAD", "/model/schema", Endpoint.SCHEMA),
        ("GET", "/model/score", None),
        ("POST", "/model/id", None),
        ("POST", "/score", None),
        ("GET", "id", None),
        ("GET", "/readyz", Endpoint.READY),
        ("HEAD", "/readyz", Endpoint.READY),
        ("POST", "/readyz", None),
        ("GET", "/model/readyz", None),
    ],
)
def test_paths(method: str, path: str, endpoint: Endpoint | None) -> None:
    assert h2o_rest.endpoint_at(method, path) is endpoint


def test_contributions_that_are_none_are_refused_by_name(penguins_scorer: Scorer) -> None:
    """The sample request of ``/model/sample_request`` asks for none."""
    with pytest.raises(ContentError, match="is one of ORIGINAL, TRANSFORMED, not 'NONE'"):
        asked(penguins_scorer, Endpoint.CONTRIBUTION, request(PENGUIN, requestShapleyValueType="NONE"))
