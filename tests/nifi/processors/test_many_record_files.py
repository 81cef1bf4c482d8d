"""Files that wait together, for record services or several tasks: each comes out by itself, with its own scores."""

from __future__ import annotations

import json
from pathlib import Path

import nipyapi
import pytest

from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi.canvas import Canvas

pytestmark = pytest.mark.nifi


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
    properties = {"Model File": str(titanic), **canvas.json_services()}
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


@pytest.mark.parametrize("has_services", [False, True], ids=["plain", "services"])
def test_tasks_that_begin_at_once_do_not_mix_their_files(
    canvas: Canvas, titanic: Path, tmp_path: Path, has_services: bool
) -> None:
    properties = {"Model File": str(titanic), **(canvas.json_services() if has_services else {})}
    tasks = nipyapi.nifi.ProcessorConfigDTO(concurrently_schedulable_task_count=8)
    nipyapi.canvas.update_processor(canvas.scorer(properties), tasks)
    # Each time the processor starts anew, with more files than one task takes.
    for turn in range(5):
        files = {f"{turn}-{at}.json": json.dumps({"id": f"{turn}-{at}", **GOLDEN_ROW}).encode() for at in range(80)}
        found = canvas.score_files(tmp_path, files, properties)
        assert {one.attributes["filename"] for one in found["success"]} == files.keys()
        for one in found["success"]:
            scored = json.loads(canvas.content("success", one).strip("[]"))
            assert f"{scored['id']}.json" == one.attributes["filename"]
