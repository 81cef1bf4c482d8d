"""Rows that cannot be scored, kept in their place among the scored ones with the reason, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring import formats
from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.errors import NameClashError
from dai_scoring.formats import Declined, Format
from dai_scoring.options import BadRows, OutputColumns
from dai_scoring.scorer import Scorer
from tests.support.engines import Sum
from tests.support.files.file_scoring import Bench

ROWS = 2000
BAD = {0, 7, 8, 1200, 1999}
"""Rows of the first piece and of the last, alone and side by side."""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _value(row: int, bad: str) -> str:
    return bad if row in BAD else str(row)


def _rows() -> list[dict[str, str]]:
    pad = "y" * 100  # so that a file has several pieces
    return [{"id": f"{row:05}", "x": _value(row, "oops"), "s": "a" * (row % 3), "pad": pad} for row in range(ROWS)]


def _read(path: Path, form: Format) -> list[dict[str, Any]]:
    reader = formats.open_reader(path, form, chunk_rows=10_000)
    try:
        return [row for chunk in reader.chunks() for row in chunk.table.to_pylist()]
    finally:
        reader.close()


def _write(path: Path, form: Format) -> bytes:
    table = pa.Table.from_pylist(_rows())
    with formats.open_writer(path, form, table.schema) as writer:
        writer.put(writer.encode(table))
    return path.read_bytes()


@pytest.mark.parametrize("out", [None, Format.CSV, Format.JSON_LINES, Format.PARQUET])
@pytest.mark.parametrize("form", list(Format))
def test_every_row_in_its_order_in_every_format(bench: Bench, tmp_path: Path, form: Format, out: Format | None) -> None:
    data = _write(tmp_path / "made", form)
    summary = bench.score(data, output_format=out, bad_rows=BadRows.KEEP, batch_rows=500, input_format=form)
    assert (summary.records, summary.scored, summary.rejected) == (ROWS, ROWS - len(BAD), len(BAD))
    assert not bench.rejected.exists()
    found = _read(bench.target, out or form)
    assert [row["id"].zfill(5) for row in found] == [f"{row:05}" for row in range(ROWS)]
    assert {number for number, row in enumerate(found) if row["_reject_code"] or row["total"] in (None, "")} == BAD
    for number, row in enumerate(found):
        assert list(row)[-4:] == ["total", *REJECT_COLUMNS]
        if number in BAD:
            assert [row[name] for name in REJECT_COLUMNS] == ["not_a_number", "x", "oops"]
        else:
            assert float(row["total"]) == number + number % 3 - (number % 3 == 0 and (row["s"] is None))
            assert [row[name] or None for name in REJECT_COLUMNS] == [None] * 3


@pytest.mark.parametrize("form", list(Format))
def test_rows_that_can_all_be_scored_have_the_columns_too(bench: Bench, tmp_path: Path, form: Format) -> None:
    table = pa.table({"x": ["1", "2"], "s": ["a", "b"]})
    with formats.open_writer(tmp_path / "made", form, table.schema) as writer:
        writer.put(writer.encode(table))
    bench.score((tmp_path / "made").read_bytes(), bad_rows=BadRows.KEEP, input_format=form)
    assert [list(row) for row in _read(bench.target, form)] == [["x", "s", "total", *REJECT_COLUMNS]] * 2


def test_lines_that_are_no_records_are_kept_in_their_place(bench: Bench) -> None:
    bench.score("x,s\n1,a\n2\noops,b\n3,c,d,e\n4,d\n", bad_rows=BadRows.KEEP)
    assert bench.out().splitlines()[1:] == [
        "1,a,2.0,,,",
        "2,,,malformed_row,,2",
        "oops,b,,not_a_number,x,oops",
        '3,c,,malformed_row,,"3,c,d,e"',
        "4,d,5.0,,,",
    ]
    bench.score('{"x": 1, "s": "a"}\nno\n{"x": "two", "z": 1.50}\n{}\n', "application/x-ndjson", bad_rows=BadRows.KEEP)
    first, malformed, bad, empty = map(json.loads, bench.out().splitlines())
    none = dict.fromkeys(REJECT_COLUMNS)
    assert first == {"x": 1, "s": "a", "total": 2.0, **none}
    assert malformed == {"total": None, **none, "_reject_code": "malformed_row", "_reject_value": "no"}
    assert (bad["x"], bad["z"], bad["total"], bad["_reject_column"]) == ("two", 1.5, None, "x")
    assert empty == {"total": -2.0, **none}


@pytest.mark.parametrize(
    ("columns", "head"), [(OutputColumns.PREDICTIONS, []), (OutputColumns.IDS, ["s"]), (OutputColumns.ALL, ["x", "s"])]
)
def test_with_fewer_columns(bench: Bench, columns: OutputColumns, head: list[str]) -> None:
    ids = ("s",) if head == ["s"] else ()
    bench.score("x,s\n1,a\noops,b\n", bad_rows=BadRows.KEEP, output_columns=columns, id_columns=ids)
    lines = bench.out().splitlines()
    assert lines[0].split(",") == [*head, "total", *REJECT_COLUMNS]
    assert lines[1].endswith("2.0,,,")
    assert lines[2].endswith(",not_a_number,x,oops")


def test_reasons_of_before_give_way_to_those_of_now(bench: Bench) -> None:
    bench.score("x,s\noops,a\n2,b\n", bad_rows=BadRows.KEEP)
    fixed = bench.out().replace("oops,a,,", "1,a,,").replace("total", "other")
    bench.score(fixed, bad_rows=BadRows.KEEP)
    assert bench.out() == ("x,s,other,total,_reject_code,_reject_column,_reject_value\n1,a,,2.0,,,\n2,b,3.0,3.0,,,\n")
    lines = '{"x": 1, "s": "", "_reject_code": "nested"}\n{"x": 2}\n'
    bench.score(lines, "application/x-ndjson", bad_rows=BadRows.KEEP)
    assert [json.loads(line)["_reject_code"] for line in bench.out().splitlines()] == [None, None]
    with pytest.raises(NameClashError):
        bench.score("x,s,total\n1,a,2\n", bad_rows=BadRows.KEEP)


def test_no_row_at_all(bench: Bench) -> None:
    bench.score("x,s\n", bad_rows=BadRows.KEEP)
    assert bench.out() == "x,s,total,_reject_code,_reject_column,_reject_value\n"
    bench.score("[]", "application/json", bad_rows=BadRows.KEEP)
    assert bench.out() == "[]"


@pytest.mark.parametrize("text", ['[{"x": 1, "s": "a"}]', "x,s\n1,a\n", '{"x": 1, "s": "a"}\n{"x": 2, "s": "b"}\n'])
def test_few_rows_in_memory_have_the_columns_of_a_file(tmp_path: Path, text: str) -> None:
    options = FileOptions(bad_rows=BadRows.KEEP)
    mime = "text/csv" if text.startswith("x") else "application/json"
    (answer,) = InMemoryScorer(Scorer(Sum()), options).score([Contents(text.encode(), mime)])
    (tmp_path / "in").write_text(text)
    score_file(Scorer(Sum()), tmp_path / "in", tmp_path / "out", tmp_path / "bad", options, mime)
    assert not isinstance(answer, Declined)
    whole = (tmp_path / "out").read_text()
    assert answer.contents.decode().replace(" ", "") == whole.replace(" ", "")
