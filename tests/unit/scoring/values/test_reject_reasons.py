"""The reason of a rejected row is that of its value alone, in the spelling of JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.errors import ContentError
from dai_scoring.formats import Format, open_reader
from dai_scoring.schema import Column, ColumnType
from dai_scoring.values.coerce import coerce
from dai_scoring.values.model_rows import to_model_rows
from tests.support.files.file_scoring import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


KINDS = [ColumnType.TIME64, ColumnType.INT64, ColumnType.INT32, ColumnType.FLOAT64, ColumnType.BOOL, ColumnType.STR]
VALUES = ["true", "1.5", "1e30", "-9223372036854775808", "9223372036854775808", "1e400", "12", '"x"', "[1]", '{"a":1}']
BESIDE = ["", '"abc"', "true", "2.5", "7", "[2]", "null", "12345678901234567890123", '"2020-01-01"']


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_code_of_a_value_is_the_same_whatever_stands_beside_it(
    tmp_path: Path, value: str, kind: ColumnType
) -> None:
    found = {}
    for beside in BESIDE:
        rows = [value, beside] if beside else [value]
        (tmp_path / "in").write_text("\n".join([f'{{"v": {one}}}' for one in rows]))
        reader = open_reader(tmp_path / "in", Format.JSON_LINES, chunk_rows=10)
        [table] = [chunk.table for chunk in reader.chunks()]
        reader.close()
        rejects = to_model_rows(table, [Column("v", kind)]).rejects.to_pylist()
        found[beside] = [(one["code"], one["value"]) for one in rejects if not one["row"]]
    alone = found.pop("")
    # A number may be written otherwise beside others, as 1.0e30 is; its code is what counts.
    codes = {tuple(code for code, _ in one) for one in found.values()}
    assert codes == {tuple(code for code, _ in alone)}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (pa.array([True]), "not_a_date"),
        (pa.array([1.5]), "not_a_date"),
        (pa.array([1e30]), "not_a_date"),
        (pa.array([-(2**63)]), "not_a_date"),
        (pa.array(["1.5"]), "not_a_date"),
        (pa.array([-(2**63)], pa.timestamp("ms")), "out_of_range"),
        (pa.array([2**62], pa.timestamp("s")), "out_of_range"),
        (pa.array([5], pa.time32("s")), "wrong_type"),
    ],
)
def test_what_is_no_time(values: Any, code: str) -> None:
    array, rejected = coerce(values, Column("t", ColumnType.TIME64))
    assert array.to_pylist() == [None]
    assert rejected is not None
    assert rejected.code(0) == code


SHOWN: list[tuple[Any, ColumnType, str | None]] = [
    (pa.array([True]), ColumnType.TIME64, "true"),
    (pa.array([[{"a": None, "b": "x"}]]), ColumnType.FLOAT64, '[{"a":null,"b":"x"}]'),
    (pa.array([[("k", True)]], pa.map_(pa.string(), pa.bool_())), ColumnType.STR, '{"k":true}'),
    (pa.array([1_500_000_000_000_000_001], pa.timestamp("ns")), ColumnType.FLOAT64, "2017-07-14T02:40:00.000000001"),
    (pa.array([2932897], pa.date32()), ColumnType.FLOAT64, "10000-01-01"),
    (pa.array([b"a\xff"]), ColumnType.FLOAT64, "a\\xff"),
    (pa.array(["x" * 300]), ColumnType.FLOAT64, "x" * 200 + "..."),
    (pa.array([1.5]), ColumnType.INT64, "1.5"),
    (pa.array([float("inf")]), ColumnType.INT64, "inf"),
]


@pytest.mark.parametrize(("values", "kind", "shown"), SHOWN)
def test_values_are_shown_as_json_has_them(values: Any, kind: ColumnType, shown: str | None) -> None:
    [reject] = to_model_rows(pa.table({"v": values}), [Column("v", kind)]).rejects.to_pylist()
    assert reject["value"] == shown


def test_a_value_that_is_missing_has_no_text(bench: Bench) -> None:
    [reject] = to_model_rows(
        pa.table({"v": [None]}), [Column("v", ColumnType.FLOAT64, required=True)]
    ).rejects.to_pylist()
    assert (reject["code"], reject["value"]) == ("missing_value", None)


def test_values_among_others_are_shown_as_alone(bench: Bench) -> None:
    bench.score('{"x": "no", "s": "a"}\n{"x": [true, {"a": 1}], "s": "b"}\n{"x": 1, "s": "c"}\n', "application/json")
    found = [json.loads(line)["_reject_value"] for line in bench.rejected.read_text().splitlines()]
    assert found == ["no", '[true,{"a":1}]']
    contents = io.BytesIO()
    pq.write_table(pa.table({"x": [[True, False]], "s": ["a"]}), contents)
    bench.score(contents.getvalue(), output_format=Format.CSV)
    assert bench.rejected.read_text().splitlines()[1] == '"[true,false]",a,nested,x,"[true,false]"'


def test_two_columns_with_the_name_of_one_of_the_model_are_refused() -> None:
    wanted = [Column("x", ColumnType.FLOAT64)]
    table = pa.Table.from_arrays([pa.array([1.0])] * 2, names=["x", "x"])
    with pytest.raises(ContentError, match="2 columns have the name x"):
        to_model_rows(table, wanted)
    others = pa.Table.from_arrays([pa.array([1.0])] * 3, names=["x", "o", "o"])
    assert to_model_rows(others, wanted).count == 1
