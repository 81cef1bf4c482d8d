"""A file scored into another, with a model small enough to work out by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.errors import (
    BadRowsError,
    ContentError,
    MissingColumnsError,
    MissingIdColumnsError,
    NameClashError,
    ScoringError,
)
from dai_scoring.formats import Format
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from tests.support.files.file_scoring import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_columns_are_found_by_name_and_others_pass_through(bench: Bench) -> None:
    summary = bench.score('id,s,extra,x\n007,abc,"a,b",1.50\n008,,,NA\n')
    assert bench.out() == 'id,s,extra,x,total\n007,abc,"a,b",1.50,4.5\n008,,,NA,-1.0\n'
    assert (summary.records, summary.scored, summary.rejected) == (2, 2, 0)
    assert not bench.rejected.exists()


@pytest.mark.parametrize(
    "text", ['{"x": 1, "s": "a"}', ' {"x": 1,\n "s": "a"}\n', '{"x": 1, "s": "a", "n": {"k": [1]}}']
)
def test_one_object_comes_out_as_one(bench: Bench, text: str) -> None:
    bench.score(text, "application/json")
    assert json.loads(bench.out()) == {**json.loads(text), "total": 2.0}
    bench.score(text, "application/json", output_columns=OutputColumns.PREDICTIONS)
    assert json.loads(bench.out()) == {"total": 2.0}
    bench.score(text, "application/json", bad_rows=BadRows.KEEP)
    assert json.loads(bench.out())["_reject_code"] is None
    bench.score(text, "application/json", output_format=Format.JSON_ARRAY)
    assert json.loads(bench.out()) == [{**json.loads(text), "total": 2.0}]
    bench.score(text.replace("1,", '"one",', 1), "application/json")
    assert json.loads(bench.out()) == []
    assert json.loads(bench.rejected.read_text())["_reject_column"] == "x"


def test_several_objects_come_out_as_lines_or_an_array(bench: Bench) -> None:
    for between in ("", "\n", " \n "):
        bench.score(between.join(['{"x": 1, "s": "a"}'] * 2), "application/json")
        assert [json.loads(line)["total"] for line in bench.out().splitlines()] == [2.0, 2.0]
    pad = "y" * 70_000
    bench.score("\n".join([json.dumps({"x": 1, "s": "a", "pad": pad})] * 2), "application/json")
    assert "[" not in bench.out() or len(json.loads(bench.out())) == 2


def test_a_bad_value_rejects_its_row_only(bench: Bench) -> None:
    summary = bench.score("x,s\n1,a\noops,b\n3,c\n")
    assert bench.out() == "x,s,total\n1,a,2.0\n3,c,4.0\n"
    assert bench.rejected.read_text() == ("x,s,_reject_code,_reject_column,_reject_value\noops,b,not_a_number,x,oops\n")
    assert (summary.records, summary.scored, summary.rejected) == (3, 2, 1)


def test_a_time_that_python_lacks_is_rejected_as_others_are(bench: Bench, tmp_path: Path) -> None:
    """Without pandas there are no nanoseconds in Python."""
    moment = pa.array([1_500_000_000_000_000_001, None], pa.timestamp("ns"))
    pq.write_table(pa.table({"x": moment, "s": ["a", "b"]}), tmp_path / "in.parquet")
    summary = bench.score((tmp_path / "in.parquet").read_bytes(), output_format=Format.CSV)
    assert (summary.scored, summary.rejected) == (1, 1)
    assert bench.rejected.read_text().splitlines()[1].endswith("wrong_type,x,2017-07-14T02:40:00.000000001")


def test_rows_that_are_no_records_are_rejected_in_their_place(bench: Bench) -> None:
    rows = ["x,s", "1,a", "2", "oops,b", "3,c,d,e", "4,d"]
    summary = bench.score("\n".join(rows) + "\n")
    assert [line.split(",")[0] for line in bench.out().splitlines()] == ["x", "1", "4"]
    with bench.rejected.open() as file:
        assert [row["_reject_code"] for row in csv.DictReader(file)] == [
            "malformed_row",
            "not_a_number",
            "malformed_row",
        ]
    assert summary.records == 5


def test_bad_rows_can_fail_the_file_without_telling_the_value(bench: Bench) -> None:
    with pytest.raises(BadRowsError, match=r"1 row\(s\).*row 2, column x \(not_a_number\)") as caught:
        bench.score("x,s\n1,a\nsecret,b\n", bad_rows=BadRows.FAIL)
    assert "secret" not in str(caught.value)


def test_every_missing_column_is_named(bench: Bench) -> None:
    with pytest.raises(MissingColumnsError, match=r"2 column\(s\).*x, s.*The records have X and 1 other column"):
        bench.score("X,y\n1,2\n")
    bench.score("y\n2\n", "text/csv", missing_columns=MissingColumns.AS_MISSING)
    assert bench.out() == "y,total\n2,-2.0\n"


def test_what_lacks_every_column_does_not_have_its_names_told(bench: Bench) -> None:
    """They are values of a row where CSV has no header."""
    for text in ("7,secret\n8,b\n", '{"a":"secret"},{"a":"secret"}\n'):
        with pytest.raises(ScoringError, match="CSV") as caught:
            bench.score(text, "text/csv")
        assert "secret" not in str(caught.value)


def test_a_json_column_is_missing_only_if_no_record_has_it(bench: Bench) -> None:
    lines = "".join(json.dumps({"x": i} if i < 30 else {"x": i, "s": "ab"}) + "\n" for i in range(60))
    summary = bench.score(lines, batch_rows=10)
    rows = [json.loads(line) for line in bench.out().splitlines()]
    assert [row["total"] for row in rows] == [i - 1 if i < 30 else i + 2 for i in range(60)]
    assert summary.scored == 60
    with pytest.raises(MissingColumnsError, match=r"1 column\(s\).*: s\."):
        bench.score('{"x": 1}\n{"x": 2}\n')


def test_a_missing_column_is_the_better_reason_than_a_bad_row(bench: Bench) -> None:
    with pytest.raises(MissingColumnsError, match=r"1 column\(s\).*: s\."):
        bench.score('[{"x": "oops"}, {"x": 2}]', bad_rows=BadRows.FAIL, batch_rows=1)
    with pytest.raises(BadRowsError):
        bench.score('[{"x": "oops"}, {"x": 2, "s": "a"}]', bad_rows=BadRows.FAIL, batch_rows=1)


def test_output_columns(bench: Bench) -> None:
    text = "id,x,s,k\n1,1,a,q\n"
    bench.score(text, output_columns=OutputColumns.IDS, id_columns=("k", "id"))
    assert bench.out() == "k,id,total\nq,1,2.0\n"
    bench.score(text, output_columns=OutputColumns.PREDICTIONS, prediction_prefix="p_")
    assert bench.out() == "p_total\n2.0\n"
    with pytest.raises(
        MissingIdColumnsError, match=r"id column.s. who are not in the records. The records have: id, x, s, k"
    ):
        bench.score(text, output_columns=OutputColumns.IDS, id_columns=("who",))


def test_a_name_clash_is_an_error_unless_a_prefix_is_set(bench: Bench) -> None:
    text = "x,s,total\n1,a,old\n"
    with pytest.raises(NameClashError, match=r"total already exist.*prediction_prefix"):
        bench.score(text)
    bench.score(text, prediction_prefix="new_")
    assert bench.out() == "x,s,total,new_total\n1,a,old,2.0\n"
    bench.score(text, output_columns=OutputColumns.PREDICTIONS)
    assert bench.out() == "total\n2.0\n"


@pytest.mark.parametrize("content", ["", "\n", "\ufeff", "  \r\n"])
def test_an_empty_file_gives_an_empty_file(bench: Bench, content: str) -> None:
    assert bench.score(content).records == 0
    assert bench.target.read_bytes() == b""


def test_a_header_alone_gives_a_header(bench: Bench) -> None:
    assert bench.score("x,s\n").records == 0
    assert bench.out() == "x,s,total\n"
    with pytest.raises(MissingColumnsError):
        bench.score("a,b\n")


@pytest.mark.parametrize("content", ["{}", "[{}]", "{}\n{}\n"])
def test_records_without_columns_miss_them_all(bench: Bench, content: str) -> None:
    with pytest.raises(MissingColumnsError, match=r"2 column\(s\).*: x, s\."):
        bench.score(content)


def test_an_array_of_nothing(bench: Bench) -> None:
    assert bench.score("[]").records == 0
    assert json.loads(bench.out()) == []


def test_all_rows_rejected_still_gives_a_file_with_the_columns(bench: Bench) -> None:
    assert bench.score("x,s\na,b\n").rejected == 1
    assert bench.out() == "x,s,total\n"


def test_text_becomes_numbers_where_the_format_has_them(bench: Bench) -> None:
    bench.score("id,x,s\n007,1.50,a\n008,NA,b\n", output_format=Format.JSON_LINES)
    assert [json.loads(line) for line in bench.out().splitlines()] == [
        {"id": "007", "x": 1.5, "s": "a", "total": 2.5},
        {"id": "008", "x": None, "s": "b", "total": 0.0},
    ]
    bench.score("id,x,s\n007,1.50,a\n", output_format=Format.PARQUET)
    assert pq.read_schema(bench.target).field("x").type == pa.float64()


def test_json_to_a_format_with_one_schema(bench: Bench) -> None:
    lines = ['{"x": 1, "s": "a"}', '{"x": 2.5, "s": "a", "late": true}', '{"x": "3", "s": null, "late": 5}']
    bench.score("\n".join(lines) + "\n", output_format=Format.PARQUET, batch_rows=1)
    assert pq.read_table(bench.target).column("total").to_pylist() == [2.0, 3.5, 2.0]


def test_threads_give_the_same_as_none(bench: Bench) -> None:
    rows = [("oops" if i % 1000 == 500 else str(i), "é" * (i % 7)) for i in range(200_000)]
    text = "x,s\n" + "".join(f"{x},{s}\n" for x, s in rows)
    assert len(text.encode()) > 1 << 20
    summary = bench.score(text, batch_rows=7_777)
    assert (summary.scored, summary.rejected) == (199_800, 200)
    with bench.target.open(encoding="utf-8") as file:
        for (x, s), row in zip((r for r in rows if r[0] != "oops"), csv.DictReader(file), strict=True):
            assert row["x"] == x
            assert float(row["total"]) == float(x) + (len(s) if s else -1 + 1)


def test_content_that_ends_in_the_middle_is_an_error(bench: Bench) -> None:
    with pytest.raises(ContentError):
        bench.score('[{"x": 1, "s": "a"}, {"x": 2')


def test_the_charset_of_the_mime_type_is_used(bench: Bench) -> None:
    bench.score("x,s\n1,é\n".encode("latin-1"), mime="text/csv; charset=ISO-8859-1")
    assert bench.target.read_text(encoding="utf-8") == "x,s,total\n1,é,2.0\n"
    with pytest.raises(ContentError, match="UTF-8"):
        bench.score("x,s\n1,é\n".encode("latin-1"))


@pytest.mark.parametrize("charset", ["hex", "rot13", "idna", "undefined", "no such"])
def test_what_is_no_charset_of_text_is_an_error(bench: Bench, charset: str) -> None:
    with pytest.raises(ContentError, match="ISO-8859-1"):
        bench.score("x,s\n1,a\n", f"text/csv; charset={charset}")


def test_records_behind_many_blank_lines(bench: Bench) -> None:
    assert bench.score("\n" * 70_000 + "x,s\n1,a\n", "text/csv").scored == 1
    assert bench.score("\n" * 70_000, "text/csv").records == 0


def test_json_text_sequences(bench: Bench) -> None:
    for end in ("", "\n"):
        records = [f'\x1e{{"x":{x},{end}"s":"a"}}\n' for x in range(3)]
        summary = bench.score("".join(records), "application/json-seq")
        assert (summary.scored, summary.rejected) == (3, 0)


@pytest.mark.parametrize("depth", [1010, 3000])
def test_json_with_more_brackets_than_parsers_follow_is_an_error(bench: Bench, depth: int) -> None:
    nested = "[" * depth + str(10**20) + "]" * depth
    with pytest.raises(ContentError):
        bench.score('[{"x":1,"s":"a","deep":' + nested + "}]")
    lines = '{"x":1,"s":"a"}\n{"x":1,"s":"a","deep":' + nested + "}\n"
    summary = bench.score(lines, output_format=Format.CSV)
    assert (summary.scored, summary.rejected) == (1, 1)


def test_rejected_records_mended_and_sent_again(bench: Bench) -> None:
    bench.score("x,s,_reject_code,_reject_column,_reject_value\nbad,b,not_a_number,x,oops\n")
    assert bench.rejected.read_text().splitlines() == [
        "x,s,_reject_code,_reject_column,_reject_value",
        "bad,b,not_a_number,x,bad",
    ]
