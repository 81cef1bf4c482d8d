"""Records that were rejected before and come again, and users' own columns with the names of reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring import formats
from dai_scoring.batch import reject_columns
from dai_scoring.batch.in_memory import InMemoryScorer
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.engine import Predicted
from dai_scoring.errors import NameClashError
from dai_scoring.formats import Declined, Format
from dai_scoring.options import BadRows, OutputColumns, Wanted
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import Scorer
from tests.support.engines import Sum
from tests.support.files.file_scoring import Bench

CODE, COLUMN, VALUE = REJECT_COLUMNS
WHY = {CODE: "not_a_number", COLUMN: "x", VALUE: "oops"}
NONE = dict.fromkeys(REJECT_COLUMNS)
HAD_REASONS = Declined("there are reasons of an earlier scoring")
ERROR = Declined("an error was raised")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _file(folder: Path, form: Format, rows: list[dict[str, Any]]) -> bytes:
    table = pa.Table.from_pylist(rows)
    table = pa.table(
        {name: column.cast(pa.string()) for name, column in zip(table.column_names, table.columns, strict=True)}
    )
    with formats.open_writer(folder / "made", form, table.schema) as writer:
        writer.put(writer.encode(table))
    return (folder / "made").read_bytes()


def _read(path: Path, form: Format) -> list[dict[str, Any]]:
    reader = formats.open_reader(path, form, chunk_rows=10_000)
    try:
        found = [row for chunk in reader.chunks() for row in chunk.table.to_pylist()]
    finally:
        reader.close()
    return [{name: None if value == "" else value for name, value in row.items()} for row in found]


@pytest.mark.parametrize("form", list(Format))
def test_a_rejected_file_that_was_fixed_has_the_reasons_of_now(bench: Bench, tmp_path: Path, form: Format) -> None:
    rows = [{"x": "1", "s": "a", **WHY}, {"x": "bad", "s": "b", **WHY}, {"x": "3", "s": "c", **NONE}]
    data = _file(tmp_path, form, rows)
    summary = bench.score(data, input_format=form)
    assert (summary.scored, summary.rejected) == (2, 1)
    # What was scored has no reason.
    assert [sorted(row) for row in _read(bench.target, form)] == [["s", "total", "x"]] * 2
    (rejected,) = _read(bench.rejected, form)
    assert rejected == {"x": "bad", "s": "b", **WHY, VALUE: "bad"}
    bench.score(data, input_format=form, bad_rows=BadRows.KEEP)
    found = _read(bench.target, form)
    assert [tuple(row[name] for name in REJECT_COLUMNS) for row in found] == [
        (None, None, None),
        ("not_a_number", "x", "bad"),
        (None, None, None),
    ]


@pytest.mark.parametrize(
    ("name", "value"), [(CODE, "mine"), (VALUE, "mine"), (COLUMN, "mine"), (CODE, "7"), (CODE, "not_a_number,x")]
)
@pytest.mark.parametrize("form", list(Format))
def test_what_is_no_reason_is_never_overwritten(
    bench: Bench, tmp_path: Path, form: Format, name: str, value: str
) -> None:
    rows = [{"x": str(number), "s": "a", "pad": "y" * 100} for number in range(3000)]
    rows = [{**row, name: value if number == 2500 else ""} for number, row in enumerate(rows)]
    data = _file(tmp_path, form, rows)
    for bad_rows in (BadRows.REJECT, BadRows.KEEP):
        with pytest.raises(NameClashError, match=f"{name} .*Rename or remove them. Or set bad_rows"):
            bench.score(data, input_format=form, bad_rows=bad_rows, batch_rows=500)
    bench.score(data, input_format=form, bad_rows=BadRows.FAIL)
    assert _read(bench.target, form)[2500][name] == value
    # Alone, the predictions overwrite nothing; rejected records would.
    bench.score(data, input_format=form, bad_rows=BadRows.KEEP, output_columns=OutputColumns.PREDICTIONS)
    with pytest.raises(NameClashError):
        bench.score(data, input_format=form, output_columns=OutputColumns.PREDICTIONS)
    kept = {"output_columns": OutputColumns.IDS, "id_columns": (name,)}
    with pytest.raises(NameClashError):
        bench.score(data, input_format=form, bad_rows=BadRows.KEEP, **kept)


def test_values_of_other_types_are_no_reasons(bench: Bench) -> None:
    for value in ("1", "true", '["not_a_number"]', '{"a": 1}'):
        text = '{"x": 1, "s": "a", "_reject_code": ' + value + "}\n"
        for bad_rows in (BadRows.REJECT, BadRows.KEEP):
            with pytest.raises(NameClashError):
                bench.score(text, "application/x-ndjson", bad_rows=bad_rows)
    table = pa.table({CODE: pa.array(["nested", None]).dictionary_encode(), VALUE: pa.nulls(2)})
    reject_columns.check(table, ["x"])
    with pytest.raises(NameClashError):
        reject_columns.check(table, [VALUE])


@pytest.mark.parametrize("line_end", ["", ",1,x,y"])
def test_a_malformed_row_beside_reasons(bench: Bench, line_end: str) -> None:
    text = f"x,s,{CODE},{COLUMN},{VALUE}\n1,a,nested,x,[]\n2,b{line_end},5\n"
    assert bench.score(text).rejected == 1
    assert _read(bench.rejected, Format.CSV)[0][CODE] == "malformed_row"


@pytest.mark.parametrize("bad_rows", list(BadRows))
def test_few_rows_in_memory_go_the_same_way(bench: Bench, bad_rows: BadRows) -> None:
    text = '[{"x": 1, "s": "a", "_reject_code": "mine"}]'
    (answer,) = InMemoryScorer(Scorer(Sum()), FileOptions(bad_rows=bad_rows)).score([Contents(text.encode(), None)])
    assert (answer == HAD_REASONS) == (bad_rows is not BadRows.FAIL)


def test_predictions_of_the_same_name_do_not_overwrite_each_other(bench: Bench) -> None:
    class Twice(Sum):
        info = replace(Sum.info, outputs=Sum.info.outputs * 2)

        def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
            table = super().predict(columns, rows, wanted).predictions
            return Predicted(table.append_column("total", table["total"]))

    bench.scorer = Scorer(Twice())
    row = '{"x": 1, "s": "a"}'
    answers = InMemoryScorer(bench.scorer, FileOptions()).score([Contents(row.encode(), "application/json")])
    assert answers == [ERROR]
    for text, mime in ((row, "application/json"), ("x,s\n1,a\n", "text/csv")):
        with pytest.raises(NameClashError, match="several prediction columns with the name total"):
            bench.score(text, mime)


def test_predictions_with_the_name_of_a_reason(bench: Bench) -> None:
    class Value(Sum):
        info = replace(Sum.info, outputs=(Column("value", ColumnType.FLOAT64),))

        def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
            return Predicted(super().predict(columns, rows, wanted).predictions.rename_columns(["value"]))

    bench.scorer = Scorer(Value())
    text = "x,s\n1,a\n"
    with pytest.raises(NameClashError, match=VALUE):
        bench.score(text, bad_rows=BadRows.KEEP, prediction_prefix="_reject_")
    options = FileOptions(bad_rows=BadRows.KEEP, prediction_prefix="_reject_")
    assert InMemoryScorer(bench.scorer, options).score([Contents(text.encode(), "text/csv")]) == [ERROR]
    bench.score(text, prediction_prefix="_reject_")
    assert bench.out() == f"x,s,{VALUE}\n1,a,2.0\n"
