"""Times and dates of Arrow as CSV and JSON have them, those of years too that Arrow itself does not write."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from dai_scoring.formats import Format, text
from tests.support.files.file_scoring import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("kind", "counts", "texts"),
    [
        (
            pa.timestamp("us"),
            [2**63 - 1, 1, None],
            ["294247-01-10T04:00:54.775807", "1970-01-01T00:00:00.000001", None],
        ),
        (pa.timestamp("us", "UTC"), [2**63 - 1], ["294247-01-10T04:00:54.775807Z"]),
        (
            pa.timestamp("ms", "Europe/Berlin"),
            [253402300800000, 0],
            ["10000-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"],
        ),
        (pa.timestamp("ns"), [-(2**63), 0], ["1677-09-21T00:12:43.145224192", "1970-01-01T00:00:00.000000000"]),
        (pa.timestamp("us"), [-(2**63)], ["-290308-12-21T19:59:05.224192"]),
        (pa.timestamp("ms", "UTC"), [-(2**63)], ["-292275055-05-16T16:47:04.192Z"]),
        (pa.timestamp("s"), [-(2**63)], ["-292277022657-01-27T08:29:52"]),
        (pa.timestamp("ns"), [-(2**63) + 1], ["1677-09-21T00:12:43.145224193"]),
        (pa.timestamp("s"), [10**12, -(10**13)], ["33658-09-27T01:46:40", "-314918-08-13T06:13:20"]),
        (pa.date32(), [11332000, 0], ["32995-12-18", "1970-01-01"]),
    ],
)
def test_times_of_any_year(kind: Any, counts: list[int | None], texts: list[str | None]) -> None:
    array = pa.array(counts, kind)
    assert text.cells(array).to_pylist() == texts
    quoted = ["null" if one is None else f'"{one}"' for one in texts]
    assert text.json_values(array).to_pylist() == quoted


def _list(kind: Any, values: list[Any]) -> Any:
    return pa.array([values, None, []], pa.list_(kind))


NESTED: list[tuple[Any, list[str | None]]] = [
    (_list(pa.duration("s"), [1, None]), ["[1,null]", None, "[]"]),
    (_list(pa.duration("ns"), [2**63 - 1, -1]), [f"[{2**63 - 1},-1]", None, "[]"]),
    (_list(pa.timestamp("ns"), [1_700_000_000_123_456_789]), ['["2023-11-14T22:13:20.123456789"]', None, "[]"]),
    (_list(pa.timestamp("ms", "Not/AZone"), [1]), ['["1970-01-01T00:00:00.001Z"]', None, "[]"]),
    (_list(pa.date32(), [2932897, 11332000]), ['["10000-01-01","32995-12-18"]', None, "[]"]),
    (_list(pa.float64(), [1.0, float("nan"), float("inf")]), ["[1.0,null,null]", None, "[]"]),
    (_list(pa.binary(), [b"\xff"]), ['["/w=="]', None, "[]"]),
    (_list(pa.uint64(), [2**64 - 1]), [f"[{2**64 - 1}]", None, "[]"]),
    (_list(pa.string(), ['a"b\n', "é"]), ['["a\\"b\\n","é"]', None, "[]"]),
    (_list(pa.null(), [None]), ["[null]", None, "[]"]),
    (_list(pa.list_(pa.bool_()), [[True], None, []]), ["[[true],null,[]]", None, "[]"]),
    (pa.array([[1, 2], None], pa.list_(pa.int8(), 2)), ["[1,2]", None]),
    (pa.array([[1, 2], None], pa.list_view(pa.int8())), ["[1,2]", None]),
    (pa.array([[("a", 1), ("a", 2)], None], pa.map_(pa.string(), pa.int32())), ['{"a":1,"a":2}', None]),
    (pa.array([[(1, "a")], []], pa.map_(pa.int32(), pa.string())), ['{"1":"a"}', "{}"]),
    (pa.array([[(0, "a")]], pa.map_(pa.date32(), pa.string())), ['{"1970-01-01":"a"}']),
    (
        pa.StructArray.from_arrays([pa.array([1, 3]), pa.array(["b", None])], ["a", "a"]),
        ['{"a":1,"a":"b"}', '{"a":3,"a":null}'],
    ),
    (
        pa.array([{"t": 2**62}, None], pa.struct([("t", pa.timestamp("ms"))])),
        ['{"t":"146140482-04-24T15:36:27.904"}', None],
    ),
    (pa.array([{}, None], pa.struct([])), ["{}", None]),
    (
        pa.UnionArray.from_dense(
            pa.array([0, 1, 0], pa.int8()), pa.array([0, 0, 1], pa.int32()), [pa.array([1, None]), pa.array(["a"])]
        ),
        ["1", '"a"', None],
    ),
    (
        pa.UnionArray.from_sparse(pa.array([1, 0], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]),
        ['"a"', "2"],
    ),
]


@pytest.mark.parametrize(("array", "texts"), NESTED)
def test_nested_values_are_json_of_what_they_hold(array: Any, texts: list[str | None]) -> None:
    assert text.json_values(array).to_pylist() == ["null" if one is None else one for one in texts]
    assert text.json_values(array[1:]).to_pylist() == ["null" if one is None else one for one in texts[1:]]
    if not pa.types.is_union(array.type):
        assert text.cells(array).to_pylist() == texts


@pytest.mark.parametrize(
    ("interval", "right"),
    [
        ((1, 2, 3_500_000_000), "P1M2DT3.5S"),
        ((14, 0, 1), "P14M0DT0.000000001S"),
        ((-1, 2, -500_000_000), "P-1M2DT-0.5S"),
        ((0, 0, 0), "P0M0DT0S"),
    ],
)
def test_intervals_are_durations_of_iso_8601(interval: Any, right: str) -> None:
    array = pa.array([interval, None], pa.month_day_nano_interval())
    assert text.cells(array).to_pylist() == [right, None]
    assert text.json_values(array).to_pylist() == [f'"{right}"', "null"]
    assert text.json_values(pa.array([[interval]], pa.list_(array.type))).to_pylist() == [f'["{right}"]']


AVRO: list[tuple[Any, Any]] = [
    (pa.array([[2932897]], pa.list_(pa.date32())), [2932897]),
    (pa.array([{"t": 2**62}], pa.struct([("t", pa.timestamp("ms"))])), {"t": 2**62}),
    (pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]), {"a": 1, "a_2": 2}),
    (pa.array([[("k", 2**62)]], pa.map_(pa.string(), pa.timestamp("us", "UTC"))), {"k": 2**62}),
    (pa.array([[1, None]], pa.list_(pa.duration("s"))), [1, None]),
    (pa.array([[(1, 2, 3)]], pa.list_(pa.month_day_nano_interval())), ['"P1M2DT0.000000003S"']),
    (pa.array([[("a", 1), ("a", 2)]], pa.map_(pa.string(), pa.int32())), {"a": 2}),
]


@pytest.mark.parametrize(("array", "right"), AVRO)
def test_nested_values_of_any_number_in_avro(bench: Bench, array: Any, right: Any) -> None:
    contents = io.BytesIO()
    table = pa.table({"x": [1.5], "s": ["a"], "zz": array})
    with pa.ipc.new_file(contents, table.schema) as file:
        file.write_table(table)
    bench.score(contents.getvalue(), None, output_format=Format.AVRO)
    written = bench.target.read_bytes()
    # fastavro makes Python's times, which have not all these years.
    with_numbers = written.replace(b"logicalType", b"logical_was")
    [row] = fastavro.reader(io.BytesIO(with_numbers))
    assert isinstance(row, dict)
    assert row["zz"] == right


def test_maps_with_a_key_twice_keep_both_pairs_in_avro(bench: Bench) -> None:
    contents = io.BytesIO()
    pairs = pa.array([[("k1", "v1"), ("k1", "v2")]], pa.map_(pa.string(), pa.string()))
    with pa.ipc.new_file(contents, pa.schema([("x", pa.float64()), ("s", pa.string()), ("zz", pairs.type)])) as file:
        file.write_table(pa.table({"x": [1.5], "s": ["a"], "zz": pairs}))
    bench.score(contents.getvalue(), None, output_format=Format.AVRO)
    # Of two pairs: the key, and the second branch of the union with null.
    assert b"\x04\x04k1\x02\x04v1\x04k1\x02\x04v2\x00" in bench.target.read_bytes()
