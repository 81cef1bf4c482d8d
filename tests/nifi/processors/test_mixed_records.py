"""Records of NiFi's record services whose fields have values of several types, or types that a reader guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi.canvas import Canvas
from tests.support.shared_cases import records, shared_case

pytestmark = pytest.mark.nifi


@pytest.mark.parametrize("nested", [["male"], {"is": "male"}], ids=["list", "object"])
def test_what_has_parts_is_rejected_among_texts(canvas: Canvas, titanic: Path, nested: object) -> None:
    rows = [GOLDEN_ROW, {**GOLDEN_ROW, "sex": nested}, GOLDEN_ROW]
    found = canvas.score(json.dumps(rows), {"Model File": str(titanic), **canvas.json_services()})
    scored = json.loads(canvas.content("success", found["success"][0]))
    assert [(one["survived.0"], one["survived.1"]) for one in scored] == [GOLDEN_SCORE] * 2
    (rejected,) = json.loads(canvas.content("rejected", found["rejected"][0]))
    assert (rejected["_reject_code"], rejected["_reject_column"], rejected["sex"]) == ("nested", "sex", nested)
    assert "male" in rejected["_reject_value"]


def test_a_boolean_among_texts_is_the_level_that_means_it(canvas: Canvas, tmp_path: Path) -> None:
    expected = [float(row["yes"]) for row in records(shared_case("booleans/expected.csv"))]
    rows: list[dict[str, Any]] = [dict(row) for row in records(shared_case("booleans/data.csv"))]
    for row in rows[1:]:
        row["flag"] = {"True": True, "False": False, "": None}[row["flag"]]
    given = {"Model File": str(shared_case("booleans/gbm_bool.zip")), **canvas.json_services()}
    found = canvas.score_file(tmp_path, json.dumps(rows).encode(), given)
    (scored,) = found["success"]
    assert [one["yes"] for one in json.loads(canvas.content("success", scored))] == expected
    assert scored.attributes["scoring.unseen.count"] == "0"


@pytest.mark.parametrize("value", ["3.5", "true"])
def test_reasons_that_a_reader_takes_for_another_type(canvas: Canvas, titanic: Path, value: str) -> None:
    names, row = ",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values())
    text = f"{names},_reject_code,_reject_column,_reject_value\n{row},not_an_integer,pclass,{value}\n"
    services = canvas.service("CSVReader", {}), canvas.service("CSVRecordSetWriter", {})
    found = canvas.score(text, {"Model File": str(titanic), "Record Reader": services[0], "Record Writer": services[1]})
    header, line = canvas.content("success", found["success"][0]).splitlines()
    assert header == f"{names},survived.0,survived.1"
    assert line.endswith(",".join(map(str, GOLDEN_SCORE)))
