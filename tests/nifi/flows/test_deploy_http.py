"""The flow realtime-http in a real NiFi: what it answers, and that deploying again moves it."""

from __future__ import annotations

import csv
import io
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dai_nifi.operations.deploy import Deployment, Request, deploy
from dai_nifi.operations.status import status
from dai_nifi.operations.undeploy import undeploy
from tests.support.nifi.http import ROW, Answer, ask, expected
from tests.support.nifi.instance import NiFi
from tests.support.ports import free_port

pytestmark = pytest.mark.nifi


INTERVALS = json.dumps(
    {"fields": list(ROW), "rows": [list(map(str, ROW.values()))], "requestPredictionIntervals": True}
)

# Two parts: NiFi makes two FlowFiles of them, and the request is answered once.
FORM = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n1\r\n' for name in "ab") + "--x--\r\n"


@pytest.fixture(scope="module")
def service(nifi: NiFi, samples: Path) -> Iterator[Deployment]:
    port = str(free_port())
    made = deploy(Request("realtime-http", samples / "penguins.mojo", name="penguins", parameters={"http.port": port}))
    assert (made.action, made.running) == ("created", True)
    yield made
    undeploy("penguins", force=True)


@pytest.fixture
def url(service: Deployment) -> str:
    assert service.endpoint is not None
    return service.endpoint


def test_csv_comes_back_with_the_expected_scores(url: str, samples: Path) -> None:
    answer = ask(url, (samples / "penguins-rows.csv").read_bytes(), "text/csv")
    assert (answer.status, answer.type) == (200, "text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.body)))
    assert [(row["predict"], float(row["female"]), float(row["male"])) for row in rows] == expected(samples)
    assert rows[0]["individual_id"] == "N1A1"


@pytest.mark.parametrize(
    ("body", "kind", "came"),
    [
        ([ROW, ROW], "application/json", "application/json"),
        # What curl sends unless it is told otherwise.
        ([ROW], "application/x-www-form-urlencoded", "application/json"),
        ([ROW], "application/json; charset=utf-8", "application/json"),
        (ROW, "application/json", "application/json"),
        ({**ROW, "more": {"list": [1, 2]}}, "application/json", "application/json"),
    ],
)
def test_json_comes_back_as_json(url: str, samples: Path, body: Any, kind: str, came: str) -> None:
    """One object as one, an array as one."""
    answer = ask(url, json.dumps(body), kind)
    assert (answer.status, answer.type) == (200, came)
    scores = dict(zip(("predict", "female", "male"), expected(samples)[0], strict=True))
    scored = [{**one, **scores} for one in body] if isinstance(body, list) else {**body, **scores}
    assert json.loads(answer.body) == scored


def test_a_request_says_what_its_answer_has(url: str, samples: Path) -> None:
    scores = dict(zip(("predict", "female", "male"), expected(samples)[0], strict=True))
    reasons = dict.fromkeys(("_reject_code", "_reject_column", "_reject_value"))
    bad = {**ROW, "body_mass_g": "heavy"}
    why = {"_reject_code": "not_a_number", "_reject_column": "body_mass_g"}

    def scored(query: str, body: Any) -> Any:
        answer = ask(f"{url}?{query}", json.dumps(body), "application/json")
        assert answer.status == 200
        return json.loads(answer.body)

    assert scored("columns=predictions", ROW) == scores
    assert scored("columns=predictions&x=y", [ROW, ROW]) == [scores, scores]
    assert scored("columns=all", [ROW]) == [{**ROW, **scores}]
    first, second = scored("bad_rows=keep", [bad, ROW])
    none = dict.fromkeys(scores)
    assert {**first, "_reject_value": None} == {**bad, **none, **reasons, **why}
    assert second == {**ROW, **scores, **reasons}
    one = scored("columns=predictions&bad_rows=keep", bad)
    assert one == {**none, **why, "_reject_value": "heavy"}
    lines = ask(f"{url}?columns=predictions", "\n".join([json.dumps(ROW)] * 3), "application/x-ndjson").body
    assert [json.loads(line) for line in lines.splitlines()] == [scores] * 3
    for query in ("columns=some", "bad_rows=reject", "columns="):
        refused = ask(f"{url}?{query}", json.dumps(ROW), "application/json")
        assert (refused.status, refused.error["code"]) == (400, "bad_request")


def test_json_lines_come_back_as_json_lines(url: str) -> None:
    answer = ask(url, f"{json.dumps(ROW)}\n{json.dumps(ROW)}\n", "application/x-ndjson")
    assert (answer.status, answer.type) == (200, "application/x-ndjson")
    assert [json.loads(line)["predict"] for line in answer.body.splitlines()] == ["male", "male"]


@pytest.mark.parametrize(
    ("path", "body", "kind", "method", "code", "says"),
    [
        ("/score", '[{"species": "Ade', "application/json", None, 400, "truncated"),
        ("/score", '[{"species": "Ade\\"lie"}]', "application/json", None, 400, "missing from the records: island"),
        ("/score", json.dumps([{**ROW, "body_mass_g": 'a "lot" $1'}]), "application/json", None, 400, "body_mass_g"),
        ("/score", "", "text/csv", "POST", 400, "no body"),
        ("/score", " \n", "application/json", None, 400, "blanks alone"),
        ("/score", "hello", "text/plain", None, 400, "format"),
        ("/score", FORM, "multipart/form-data; boundary=x", None, 415, "multipart"),
        ("/score", None, None, "GET", 405, "GET is not possible at /score"),
        ("/score", "x", "text/csv", "PUT", 405, "PUT"),
        ("/anything", None, None, "DELETE", 405, "DELETE"),
        ("/", None, None, "GET", 404, "nothing at /"),
        ("/model/id", "x", "text/csv", "POST", 405, "POST is not possible at /model/id"),
        ("/model/score", None, None, "GET", 405, "GET is not possible at /model/score"),
        ("/model/nothing", None, None, "GET", 404, "nothing at /model/nothing"),
        ("/model/score", '{"fields": ["a"], "rows": [["1"]]}', "application/json", None, 400, "missing"),
        ("/model/score", INTERVALS, "application/json", None, 501, "no prediction intervals"),
    ],
)
def test_what_cannot_be_scored_is_answered_with_the_reason(
    url: str, path: str, body: str | None, kind: str | None, method: str | None, code: int, says: str
) -> None:
    answer = ask(url.replace("/score", path), body, kind, method)
    assert answer.status == code
    assert says in answer.detail


ODD_NAME = 'a "b" \\ {x} ${y} é\n'


@pytest.mark.parametrize(
    ("body", "kind", "code", "row", "column"),
    [
        ([ROW, {**ROW, "body_mass_g": "heavy"}], "application/json", "bad_rows", 2, "body_mass_g"),
        ({**ROW, "date_egg": "soon"}, "application/json", "bad_rows", 1, "date_egg"),
        ([{"species": "Adelie", ODD_NAME: 1}], "application/json", "missing_columns", None, "island"),
        ({"instances": [ROW]}, "application/json", None, None, None),
        ([], "application/json", None, None, None),
        ("[1, 2]", "application/json", "malformed_content", 1, None),
        ("hello", "application/json", None, None, None),
        (json.dumps([ROW]), "text/html", None, None, None),
        (json.dumps([ROW]), "application/json; charset=klingon", None, None, None),
        (json.dumps([ROW]), "image/png", None, None, None),
        (b"\xff\xfe\x00\x01", "application/json", None, None, None),
    ],
)
def test_an_answer_has_the_code_the_row_and_the_column_or_scores(
    url: str, body: Any, kind: str, code: str | None, row: int | None, column: str | None
) -> None:
    answer = ask(url, body if isinstance(body, str | bytes) else json.dumps(body), kind)
    if answer.status == 200:
        assert code is None
        return
    assert answer.status == 400
    error = answer.error
    if code is not None:
        assert (error["code"], error["row"], error["column"]) == (code, row, column)


def test_a_client_of_h2os_scorer_finds_what_it_knows(url: str, samples: Path) -> None:
    def get(path: str) -> Answer:
        return ask(url.replace("/score", f"/model/{path}"))

    assert get("id").type == "text/plain"
    model = get("id").body
    assert json.loads(get("capabilities").body) == ["SCORE", "CONTRIBUTION_ORIGINAL", "CONTRIBUTION_TRANSFORMED"]
    assert json.loads(get("schema").body)["id"] == model
    sample = get("sample_request")
    assert (sample.status, sample.type) == (200, "application/json")
    scored = ask(url.replace("/score", "/model/score"), sample.body, "application/json")
    assert json.loads(scored.body)["fields"] == ["predict", "female", "male"]
    request = {"fields": list(ROW), "rows": [[str(value) for value in ROW.values()]], "idField": "individual_id"}
    wanted = {"includeFieldsInOutput": ["individual_id"], "requestShapleyValueType": "ORIGINAL"}
    answer = json.loads(ask(url.replace("/score", "/model/score"), json.dumps({**request, **wanted}), "text/json").body)
    predict, female, male = expected(samples)[0]
    (row,) = answer["score"]
    assert (answer["id"], row[-3], float(row[-2]), float(row[-1])) == (model, predict, female, male)
    contributions = ask(url.replace("/score", "/model/contribution"), json.dumps(request), "application/json")
    assert json.loads(contributions.body) == answer["featureShapleyContributions"]
    # Records find the same model there.
    records = ask(url.replace("/score", "/model/score"), json.dumps([ROW]), "application/json")
    assert json.loads(records.body)[0]["predict"] == predict


def test_readyz_says_so(url: str) -> None:
    answer = ask(url.replace("/score", "/readyz"))
    assert (answer.status, answer.type, answer.body) == (200, "text/plain", "Ready")


def test_many_at_once_are_all_answered_with_their_own_rows(url: str) -> None:
    answers: dict[int, Answer] = {}

    def one(number: int) -> None:
        answers[number] = ask(url, json.dumps([{**ROW, "number": number}]), "application/json")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: json.loads(answer.body)[0]["number"] for number, answer in answers.items()} == {
        number: number for number in range(40)
    }


def test_the_same_again_changes_nothing_and_another_port_moves_it(service: Deployment, samples: Path) -> None:
    request = Request("realtime-http", samples / "penguins.mojo", name="penguins")
    again = deploy(request)
    assert (again.action, again.changes, again.id, again.running) == ("unchanged", [], service.id, True)
    port = str(free_port())
    moving = replace(request, model=None, parameters={"http.port": port})
    plan = deploy(replace(moving, dry_run=True))
    assert (plan.changes, plan.dry_run) == ([f"set http.port to {port}"], True)
    assert status("penguins").parameters["http.port"] != port
    moved = deploy(moving)
    assert (moved.action, moved.id, moved.endpoint) == ("updated", service.id, f"http://127.0.0.1:{port}/score")
    assert ask(f"http://127.0.0.1:{port}/readyz").body == "Ready"
    assert service.endpoint is not None
    with pytest.raises(urllib.error.URLError):
        ask(service.endpoint, "x")
    deploy(replace(moving, parameters={"http.port": service.parameters["http.port"] or ""}))
    assert ask(service.endpoint.replace("/score", "/readyz")).body == "Ready"
