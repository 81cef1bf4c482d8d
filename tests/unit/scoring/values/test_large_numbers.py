"""Numbers beyond what a double holds: infinite for a model as their texts are, and as they were written elsewhere."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.errors import ContentError
from dai_scoring.formats import Format
from dai_scoring.schema import Column, ColumnType
from dai_scoring.values.coerce import coerce
from tests.support.files.file_scoring import Bench

NUMBERS = ["1e400", "-1.5E+400", "9" * 400, "-" + "9" * 5000, "1" + "0" * 400 + ".5"]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _contents(number: str) -> dict[str, tuple[str, int]]:
    """Ways to write some rows of which one has a number of that size, and how many rows they are."""
    plain, large = '{"x": 1, "s": "a", "n": 2.50}', f'{{"x": {number}, "s": "a", "n": {number}}}'
    return {
        "object": (large, 1),
        "array": (f"[{plain}, {large}, {plain}]", 3),
        "long array": (f"[{','.join([plain] * 300)},{large}]", 301),
        "lines": (f"{plain}\n{large}\n", 2),
        "first line": (f"{large}\n{plain}\n", 2),
        "without a line end": (f"{plain}\n{large}", 2),
        "many lines": (f"{plain}\n" * 300 + large, 301),
        "spread out": (large.replace(", ", ",\n"), 1),
    }


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:9])
@pytest.mark.parametrize("way", list(_contents("")))
def test_large_numbers_of_json(bench: Bench, number: str, way: str) -> None:
    contents, rows = _contents(number)[way]
    assert bench.score(contents, "application/json").scored == rows
    assert bench.out().count(f'"n": {number}') + bench.out().count(f'"n":{number}') == 1
    assert bench.score(contents, "application/json", output_format=Format.CSV).scored == rows
    [line] = [line.split(",") for line in bench.out().splitlines() if number in line]
    assert line == [number, "a", number, "-inf" if number.startswith("-") else "inf"]
    # As its text is.
    assert bench.score(f"x,s\n{number},a\n").scored == 1
    assert bench.out().splitlines()[1].split(",")[2] == line[3]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:9])
def test_large_numbers_in_formats_with_types(bench: Bench, number: str) -> None:
    contents = (
        f'{{"x": 1, "s": "a", "n": 2.50, "o": {{"k": [1]}}}}\n{{"x": 1, "s": "a", "n": {number}, "o": [{number}]}}'
    )
    bench.score(contents, "application/json", output_format=Format.PARQUET)
    table = pq.read_table(io.BytesIO(bench.target.read_bytes()))
    bench.score(contents, "application/json", output_format=Format.AVRO)
    records: Any = list(fastavro.reader(io.BytesIO(bench.target.read_bytes())))
    for last in (table.to_pylist()[1], records[1]):
        assert (last["n"], last["o"], last["total"]) == (number, f"[{number}]", 2.0)


def test_what_is_no_json_is_no_json_beside_a_large_number(bench: Bench) -> None:
    good = '{"x": 1e400, "s": "a"}'
    for bad in ('{"x": 1e400, "s": "\\ud800"}', '{"x": 1e400, "s": NaN}', '{"x": 1e400, "s": 01}', '{"x": 1e400,}'):
        summary = bench.score(f"{good}\n{bad}\n{good}\n", "application/json")
        assert (summary.scored, summary.rejected) == (2, 1)
        with pytest.raises(ContentError, match="element 2 is not valid JSON"):
            bench.score(f"[{good},{bad},{good}]", "application/json")


@pytest.mark.parametrize("text", ["9" * 400, "-" + "9" * 5000, "1e400", "0" * 5000 + "7"])
def test_large_numbers_in_a_column_of_integers(text: str) -> None:
    array, rejected = coerce(pa.array([text, "1"]), Column("n", ColumnType.INT64))
    if text.endswith("7"):
        assert (array.to_pylist(), rejected) == ([7, 1], None)
    else:
        assert array.to_pylist() == [None, 1]
        assert rejected is not None
        assert (rejected.code(0), np.flatnonzero(rejected.bad).tolist()) == ("out_of_range", [0])


def test_rejected_rows_keep_their_large_numbers(bench: Bench) -> None:
    bench.score('{"x": "no", "s": "a", "n": 1e400}\n', "application/json")
    assert json.loads(bench.rejected.read_text(), parse_float=str)["n"] == "1e400"
