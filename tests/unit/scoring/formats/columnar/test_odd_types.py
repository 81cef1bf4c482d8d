"""Columns of types that few formats have, and Arrow few functions for."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from dai_scoring.errors import ContentError
from dai_scoring.formats import Format
from tests.support.files.file_scoring import Bench

TEXTS, NUMBERS = pa.array(["a", "b"]), pa.array([1, 2])
UNIONS = {
    "sparse": pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [TEXTS, NUMBERS]),
    "dense": pa.UnionArray.from_dense(pa.array([0, 1], pa.int8()), pa.array([0, 1], pa.int32()), [TEXTS, NUMBERS]),
}


def _stream(x: list[str], column: pa.Array) -> bytes:
    table = pa.table({"x": x, "s": ["a", "b"], "y": column})
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    return file.getvalue()


@pytest.mark.parametrize("mode", list(UNIONS))
@pytest.mark.parametrize("fmt", [one for one in Format if one is not Format.PARQUET])
def test_all_rows_with_a_union_are_scored_or_rejected(tmp_path: Path, mode: str, fmt: Format) -> None:
    bench = Bench(tmp_path)
    for x, scored in (["1", "2"], 2), (["1", "bad"], 1), (["bad", "bad"], 0):
        summary = bench.score(_stream(x, UNIONS[mode]), output_format=fmt)
        assert (summary.scored, summary.rejected) == (scored, 2 - scored)


def test_parquet_says_that_it_has_no_decimal_of_a_negative_scale(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    content = _stream(["1", "2"], pa.array([Decimal("15000"), None], pa.decimal128(5, -2)))
    with pytest.raises(ContentError, match="a type that Parquet has no form for"):
        bench.score(content, output_format=Format.PARQUET)
    bench.score(content, output_format=Format.JSON_LINES)
    assert [json.loads(line)["y"] for line in bench.out().splitlines()] == [15000, None]
