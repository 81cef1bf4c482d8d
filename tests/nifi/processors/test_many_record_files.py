"""Files for NiFi's record services that wait together: each comes out by itself, whatever becomes of the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi.canvas import Canvas
from tests.support.nifi.instance import NiFi

pytestmark = pytest.mark.nifi


@pytest.fixture
def canvas(nifi: NiFi) -> Iterator[Canvas]:
    made = Canvas()
    yield made
    made.remove()


def test_good_bad_empty_and_broken_files_side_by_side(canvas: Canvas, titanic: Path, tmp_path: Path) -> None:
    # More records than are read at a time, fewer, and none.
    counts = [3, 6_000, 0, 2_500, 1, 40]
    texts: dict[str, str] = {}
    for number in range(36):
        rows = [{"id": f"{number}-{i}", **GOLDEN_ROW} for i in range(counts[number % 6])]
        if number % 12 == 1:
            rows[5_000]["age"] = "old"
        text = "\n".join(map(json.dumps, rows))
        if number % 12 == 6:
            text += '\n{"pclass": '
        if number % 12 == 9:
            text = text.replace('"cabin"', '"cabbage"')
        texts[f"{number}.json"] = text
    properties: dict[str, str | None] = {
        "Model File": str(titanic),
        "Record Reader": canvas.service("JsonTreeReader", {}),
        "Record Writer": canvas.service("JsonRecordSetWriter", {}),
    }
    files = {name: text.encode() for name, text in texts.items()}
    found = canvas.score_files(tmp_path, files, properties)
    outcomes = {
        relationship: {one.attributes["filename"]: one for one in flowfiles}
        for relationship, flowfiles in found.items()
    }
    failed = {name: one.attributes["scoring.error.code"] for name, one in outcomes["failure"].items()}
    codes = {6: "malformed_content", 9: "missing_columns"}
    assert failed == {f"{number}.json": codes[number % 12] for number in range(36) if number % 12 in codes}
    assert all(canvas.content("failure", one) == texts[name] for name, one in outcomes["failure"].items())
    assert sorted(outcomes["success"]) == sorted(texts.keys() - failed.keys())
    assert sorted(outcomes["rejected"]) == ["1.json", "13.json", "25.json"]
    for name, one in outcomes["success"].items():
        number = int(name.partition(".")[0])
        scored = json.loads(canvas.content("success", one) or "[]")
        wanted = [i for i in range(counts[number % 6]) if (number % 12, i) != (1, 5_000)]
        assert [row["id"] for row in scored] == [f"{number}-{i}" for i in wanted]
        assert all((row["survived.0"], row["survived.1"]) == GOLDEN_SCORE for row in scored)
        assert one.attributes["record.count"] == str(len(wanted))
    for name, one in outcomes["rejected"].items():
        (rejected,) = json.loads(canvas.content("rejected", one))
        assert (rejected["id"], rejected["_reject_column"]) == (f"{name.partition('.')[0]}-5000", "age")
