"""Times and dates of Arrow as CSV and JSON have them, those of years too that Arrow itself does not write."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.test_files import Bench

from dai_scoring.errors import ContentError
from dai_scoring.formats import Format, text


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


@pytest.mark.parametrize(
    "array",
    [
        pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]),
        pa.array([[1]], pa.list_(pa.timestamp("ms", "Not/AZone"))),
    ],
)
def test_nested_values_that_have_no_text_are_named(array: Any) -> None:
    with pytest.raises(ContentError, match="cannot be written as text"):
        text.json_values(array)


@pytest.mark.parametrize(
    "array",
    [
        pa.array([[2932897]], pa.list_(pa.date32())),
        pa.array([{"t": 2**62}], pa.struct([("t", pa.timestamp("ms"))])),
        pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]),
    ],
)
def test_nested_values_that_have_no_place_in_avro_are_named(bench: Bench, array: Any) -> None:
    contents = io.BytesIO()
    table = pa.table({"x": [1.5], "s": ["a"], "zz": array})
    with pa.ipc.new_file(contents, table.schema) as file:
        file.write_table(table)
    with pytest.raises(ContentError, match="the column 'zz', of the type") as caught:
        bench.score(contents.getvalue(), None, output_format=Format.AVRO)
    assert caught.value.code == "malformed_content"
