"""JSON lines of which only the model's columns are read are scored as the reader of whole files would have it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.batch.plan import Way
from dai_scoring.errors import ContentError, MissingColumnsError, NameClashError
from dai_scoring.formats.json import line_pieces
from dai_scoring.options import MissingColumns
from tests.support.files.file_scoring import Bench
from tests.support.files.json_records import OTHERWISE, record
from tests.support.ways import by_reader, counted

_LINES = "application/x-ndjson"


def _lines(choose: random.Random, odd: float, *, escapes: bool = False) -> list[str]:
    other = choose.choice([{}, {}, {}, *OTHERWISE]) if odd else {}
    return [
        json.dumps(record(choose, index, odd, other), ensure_ascii=escapes, separators=(",", ":"))
        for index in range(choose.randint(1, 300))
    ]


def _options(choose: random.Random) -> dict[str, Any]:
    return {"batch_rows": choose.choice([1, 7, 100, 10_000]), "missing_columns": choose.choice(list(MissingColumns))}


def _scored(bench: Bench, text: str, options: dict[str, Any]) -> Any:
    bench.rejected.unlink(missing_ok=True)
    try:
        bench.score(text, mime=_LINES, **options)
    except (ContentError, MissingColumnsError) as error:
        return str(error)
    files = [bench.target, *([bench.rejected] if bench.rejected.exists() else [])]
    return [[json.loads(line) for line in file.read_text().split("\n") if line] for file in files]


@pytest.mark.parametrize("seed", range(20))
def test_what_arrow_reads_gives_the_same_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    choose = random.Random(seed)
    text, options = "\n".join([*_lines(choose, 0), ""]), _options(choose)
    monkeypatch.setattr(line_pieces, "LEAST_BYTES", choose.choice([500, 1 << 16]))
    bench = Bench(tmp_path)
    with counted() as ways:
        quick = _scored(bench, text, options)
    assert ways.ways == {Way.MODEL_COLUMNS}
    with by_reader(), counted() as ways:
        assert quick == _scored(bench, text, options)
    assert ways.ways == {Way.READER}


def test_what_arrow_does_not_read_gives_the_same_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path)
    with counted() as all_ways:
        for seed in range(25):
            choose = random.Random(seed)
            odd = choose.choice([0.02, 0.3])
            lines, options = _lines(choose, odd, escapes=choose.random() < 0.1), _options(choose)
            if choose.random() < 0.3:
                lines.insert(
                    choose.randint(0, len(lines)), choose.choice(["", "{}", '{"x": 1', "7", '{"x":NaN,"s":"a"}', "{ }"])
                )
            text = "\n".join(lines) + choose.choice(["", "\n"])
            monkeypatch.setattr(line_pieces, "LEAST_BYTES", choose.choice([50, 500, 1 << 16]))
            quick = _scored(bench, text, options)
            with by_reader():
                assert quick == _scored(bench, text, options)
    assert all_ways.ways == {Way.MODEL_COLUMNS, Way.PIECES, Way.READER}
    assert all_ways.reasons(Way.PIECES) == {
        "a line is not an object with a value, from its first character to its last",
        "a line goes on after the text that is looked at, or the last line has no end",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"x":1,"s":"\\u0061"}', "names of columns may be written with escapes"),
        ('{"x":1}', "a column of the model is in no record"),
        ('{"x":1,"m":{"s":"a"}}', "a column without a value may be absent"),
        ('{"x":1,"s":"a"}\n{"x":"1","s":"a"}', "a value is not of its column's type, or the text is not JSON"),
        ('{"x":1,"s":"NaN"}', "there may be a number that JSON does not have"),
        ('{"x":1,"s":"a","m":{"total":1}}', "a record has a column with the name of a prediction"),
        ('{"x":1,"s":"a","m":["_reject_"]}', "there may be reasons of an earlier scoring"),
        ('{"x":"oops","s":"a"}', "a row is rejected, and all of its columns are needed"),
    ],
)
def test_why_arrow_does_not_read_records(tmp_path: Path, text: str, reason: str) -> None:
    bench, options = Bench(tmp_path), {"missing_columns": MissingColumns.AS_MISSING}
    with counted() as ways:
        quick = _scored(bench, text + "\n", options)
    assert (ways.ways, ways.reasons(Way.MODEL_COLUMNS)) == ({Way.PIECES}, {reason})
    with by_reader():
        assert quick == _scored(bench, text + "\n", options)


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
