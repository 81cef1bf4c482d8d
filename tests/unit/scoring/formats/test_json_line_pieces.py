"""JSON lines of which only the model's columns are read are scored as the reader of whole files would have it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.errors import ContentError, MissingColumnsError, NameClashError
from dai_scoring.formats.json import line_pieces
from dai_scoring.options import MissingColumns
from tests.support.file_scoring import Bench
from tests.support.json_records import OTHERWISE, record

_LINES = "application/x-ndjson"


def _file(choose: random.Random, odd: float) -> str:
    other = choose.choice([{}, {}, {}, *OTHERWISE])
    lines = [
        json.dumps(record(choose, index, odd, other), ensure_ascii=choose.random() < 0.01, separators=(",", ":"))
        for index in range(choose.randint(1, 90))
    ]
    if choose.random() < odd:
        lines.insert(
            choose.randint(0, len(lines)), choose.choice(["", "{}", '{"x": 1', "7", '{"x":NaN,"s":"a"}', "{ }"])
        )
    return "\n".join(lines) + choose.choice(["", "\n"])


def _scored(bench: Bench, text: str, options: dict[str, Any]) -> Any:
    bench.rejected.unlink(missing_ok=True)
    try:
        bench.score(text, mime=_LINES, **options)
    except (ContentError, MissingColumnsError) as error:
        return str(error)
    files = [bench.target, *([bench.rejected] if bench.rejected.exists() else [])]
    return [[json.loads(line) for line in file.read_text().split("\n") if line] for file in files]


@pytest.mark.parametrize("seed", range(40))
def test_every_way_gives_the_same_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    choose = random.Random(seed)
    text = _file(choose, choose.choice([0, 0, 0.02, 0.3]))
    options: dict[str, Any] = {"batch_rows": choose.choice([1, 7, 40, 10_000])}
    options["missing_columns"] = choose.choice(list(MissingColumns))
    monkeypatch.setattr(line_pieces, "LEAST_BYTES", choose.choice([50, 500, 1 << 16]))
    bench = Bench(tmp_path)
    quick = _scored(bench, text, options)
    monkeypatch.setattr(line_pieces, "_ends", lambda data: None)
    assert quick == _scored(bench, text, options)


def test_records_pass_through_as_they_stand(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.score('{"s": "ab", "n": 1.50, "x":  2}\n{"x":1e0,"s":null,"m":[ 1 ]}\n', mime=_LINES)
    assert bench.out() == '{"s": "ab", "n": 1.50, "x":  2,"total":4.0}\n{"x":1e0,"s":null,"m":[ 1 ],"total":0.0}\n'


@pytest.mark.parametrize("batch_rows", [1, 100])
def test_what_a_record_lacks_stays_absent_beside_one_that_is_rejected(tmp_path: Path, batch_rows: int) -> None:
    bench = Bench(tmp_path)
    bench.score('{"x":1,"s":"a"}\n{}\n{"x":"no","n":2}\noops\n{"s":"b","n":null}\n', mime=_LINES, batch_rows=batch_rows)
    assert bench.out() == '{"x":1,"s":"a","total":2.0}\n{"total":-2.0}\n{"s":"b","n":null,"total":0.0}\n'
    first, second = map(json.loads, bench.rejected.read_text().splitlines())
    assert first == {"x": "no", "n": 2, "_reject_code": "not_a_number", "_reject_column": "x", "_reject_value": "no"}
    assert second == {"_reject_code": "malformed_row", "_reject_column": None, "_reject_value": "oops"}


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(NameClashError):
        bench.score('{"s":"ab","x":2}\n{"s":"ab","x":2,"total":1}\n', mime=_LINES)
    bench.score('{"s":"\\"total\\": 1","x":2}\n', mime=_LINES)
    assert json.loads(bench.out())["total"] == 2 + len('"total": 1')


def test_a_name_within_a_value_is_no_column(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(MissingColumnsError, match=r"1 column\(s\).*: s\."):
        bench.score('{"x":1,"m":{"s":"a"}}\n{"x":1,"m":{"s":"a"}}\n', mime=_LINES)
    bench.score('{"s":null,"x":2}\n{"s":null,"x":2}\n', mime=_LINES)
    assert [row["total"] for row in [json.loads(line) for line in bench.out().splitlines()]] == [1.0, 1.0]


@pytest.mark.parametrize(("text", "batch_rows"), [("7\n", 10), ('{"x":1,"s":"a"}\n7\n', 1), ("{}\n[1]\n{}\n", 10)])
def test_malformed_rows_among_none_that_have_a_column_are_rejected(tmp_path: Path, text: str, batch_rows: int) -> None:
    bench = Bench(tmp_path)
    found = bench.score(text, mime=_LINES, batch_rows=batch_rows, missing_columns=MissingColumns.AS_MISSING)
    assert (found.records, found.rejected) == (text.count("\n"), 1)
    (rejected,) = map(json.loads, bench.rejected.read_text().splitlines())
    assert rejected["_reject_code"] == "malformed_row"
    assert len(bench.target.read_text().splitlines()) == found.scored
