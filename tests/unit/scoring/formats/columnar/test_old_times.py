"""Times of older Parquet files (INT96), as Spark and Hive write them, in any year."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.plan import Way
from dai_scoring.formats import Format, open_reader
from tests.support.files.file_scoring import Bench
from tests.support.files.parquet_files import ROWS, both_ways, copied, parquet, rows

# In milliseconds since 1970.
YEAR_1, YEAR_1677, YEAR_2262, YEAR_9999, YEAR_300000 = (
    *(-62_135_596_800_000, -9_223_372_035_000, 9_223_372_035_000, 253_402_300_799_999),
    9_405_052_214_400_000,
)


def contents(times: pa.Array) -> bytes:
    return parquet(rows(count=len(times)).append_column("old", times), use_deprecated_int96_timestamps=True)


def read(path: Path) -> pa.ChunkedArray:
    reader = open_reader(path, Format.PARQUET, chunk_rows=1000)
    try:
        return pa.concat_tables([chunk.table for chunk in reader.chunks()]).column("old")
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("times", "unit"),
    [
        ([0, None, YEAR_1677, YEAR_2262], "ns"),
        ([YEAR_2262 + 1000, None], "us"),
        ([YEAR_1677 - 1000], "us"),
        ([YEAR_1, None, YEAR_9999], "us"),
        ([0, YEAR_300000], "ms"),
        ([None], "ns"),
    ],
)
def test_the_finest_unit_that_holds_all_times(tmp_path: Path, times: list[int | None], unit: str) -> None:
    path = tmp_path / "old.parquet"
    path.write_bytes(contents(pa.array(times, pa.timestamp("ms"))))
    found = read(path)
    assert found.type == pa.timestamp(unit)
    assert found.cast(pa.timestamp("ms")).cast(pa.int64()).to_pylist() == times


def test_nanoseconds_stay(tmp_path: Path) -> None:
    path = tmp_path / "old.parquet"
    path.write_bytes(contents(pa.array([1_700_000_000_123_456_789], pa.timestamp("ns"))))
    assert read(path).cast(pa.int64()).to_pylist() == [1_700_000_000_123_456_789]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.struct({"t": pa.timestamp("ms"), "x": pa.int32()}), [None, {"t": YEAR_1, "x": 1}]),
        (pa.list_(pa.timestamp("ms")), [None, [0, None, YEAR_9999]]),
        (pa.map_(pa.string(), pa.timestamp("ms")), [None, [("k", YEAR_1)]]),
    ],
)
def test_times_within_others(tmp_path: Path, kind: pa.DataType, values: list[object]) -> None:
    path = tmp_path / "old.parquet"
    given = pa.array(values, kind)
    path.write_bytes(contents(given))
    found = read(path)
    assert "timestamp[us]" in str(found.type)
    assert found.to_pylist() == given.to_pylist()


@pytest.mark.parametrize("bad", [frozenset[int](), frozenset({2500})])
def test_they_pass_through_as_they_came(bench: Bench, bad: frozenset[int]) -> None:
    times = pa.array([YEAR_9999 if row % 3 else YEAR_1 for row in range(ROWS)], pa.timestamp("ms"))
    given = parquet(rows(bad).append_column("old", times), use_deprecated_int96_timestamps=True)
    assert Way.ROW_GROUPS in both_ways(bench, given, batch_rows=300).ways
    assert not any(copied(bench))
    found = pq.read_table(bench.target).column("old").cast(pa.timestamp("ms")).cast(pa.int64()).to_pylist()
    assert found == [one for row, one in enumerate(times.cast(pa.int64()).to_pylist()) if row not in bad]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
