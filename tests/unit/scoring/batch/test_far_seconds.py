"""Times in seconds beyond what milliseconds of 64 bits hold, which Avro and Parquet have instead."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.formats import Format
from dai_scoring.options import BadRows, OutputColumns
from tests.support.files.file_scoring import Bench

FAR = 2**62


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def arrow(values: list[int | None], kind: pa.DataType) -> bytes:
    table = pa.table({"x": [1.5] * len(values), "s": ["ab"] * len(values), "t": pa.array(values, kind)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("form", [Format.AVRO, Format.PARQUET])
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_only_their_rows_are_rejected(bench: Bench, form: Format, zone: str | None) -> None:
    content = arrow([5, FAR, None, -FAR, (2**63 - 1) // 1000], pa.timestamp("s", zone))
    done = bench.score(content, output_format=form)
    assert (done.scored, done.rejected) == (3, 2)
    kept = bench.score(content, output_format=form, bad_rows=BadRows.KEEP)
    assert (kept.scored, kept.rejected) == (3, 2)
    if form is Format.PARQUET:
        table = pq.read_table(bench.target)
        assert table.column("t").is_null().to_pylist() == [False, True, True, True, False]
        rows = table.drop_columns(["t"]).to_pylist()
        assert [row["_reject_code"] for row in rows] == [None, "out_of_range", None, "out_of_range", None]
        assert [row["_reject_column"] for row in rows] == [None, "t", None, "t", None]
        # numpy.datetime64(2**62, "s")
        assert rows[1]["_reject_value"] == f"146138514283-06-19T07:45:04{'Z' if zone else ''}"
        assert [row["total"] for row in rows] == [3.5, None, 3.5, None, 3.5]


@pytest.mark.parametrize("form", [Format.CSV, Format.JSON_LINES, Format.ARROW_FILE])
def test_formats_that_have_them_get_them(bench: Bench, form: Format) -> None:
    assert bench.score(arrow([5, FAR], pa.timestamp("s")), output_format=form).scored == 2


def test_a_column_that_is_not_written_rejects_no_row(bench: Bench) -> None:
    content = arrow([5, FAR], pa.timestamp("s"))
    options = {"output_format": Format.AVRO, "output_columns": OutputColumns.PREDICTIONS}
    assert bench.score(content, **options).scored == 2
