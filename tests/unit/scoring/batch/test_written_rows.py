"""Few rows are written another way than many, and must become the same bytes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from dai_scoring.formats import Dialect, Format, open_writer, text
from dai_scoring.formats.csv.writer import fields, write_rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "1"])
@pytest.mark.parametrize("kind", [Format.CSV, Format.JSON_ARRAY, Format.JSON_LINES])
def test_few_rows_are_written_as_many_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Format, delimiter: str
) -> None:
    texts = ["", "a;b,c\td", 'q"uote', "back\\slash", "line\nend", "\x00\x1f\x7f", "ü€😀\u2028", "1.0", "null", None]
    doubles = [0.0, -0.0, 1.0, 1e16, 1e-7, 123456789012.0, 0.1, float("nan"), float("inf"), None]
    integers = [0, -1, 2**53 + 1, 2**63 - 1, -(2**63), 7, None, 1, 2, 3]
    table = pa.table(
        {
            'te"xt': pa.array(texts),
            "double": pa.array(doubles, pa.float64()),
            "single": pa.array([0.1, 1e-45, 3.4e38, 16777216.0, None, *doubles[:5]], pa.float32()),
            "integer": pa.array(integers, pa.int64()),
            "small": pa.array([None, *range(9)], pa.int8()),
            "unsigned": pa.array([2**64 - 1, *range(9)], pa.uint64()),
            "truth": pa.array([True, False, None, *[True] * 7]),
            "nothing": pa.nulls(10),
        }
    )
    written = []
    for few in (text.MAX_PYTHON_ROWS, -1):
        monkeypatch.setattr(text, "MAX_PYTHON_ROWS", few)
        with open_writer(tmp_path / "out", kind, table.schema, dialect=Dialect(delimiter)) as writer:
            for part in (table.slice(0, 0), table.slice(0, 3), table.slice(3, 0), table.slice(3), table.slice(0, 1)):
                writer.put(writer.encode(part))
        written.append((tmp_path / "out").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("values", [["", None, "a", "a,b"], [None, 1.5, float("nan"), -float("inf")], [1, None, -7, 0]])
def test_one_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[object]) -> None:
    table = pa.table({"only": values})
    written = []
    for few in (text.MAX_PYTHON_ROWS, -1):
        monkeypatch.setattr(text, "MAX_PYTHON_ROWS", few)
        with open_writer(tmp_path / "out", Format.CSV, table.schema) as writer:
            writer.put(writer.encode(table))
        written.append((tmp_path / "out").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("dialect", [Dialect(), Dialect(";", line_end="\r\n"), Dialect("\t", escape="\\")])
@pytest.mark.parametrize(
    "values",
    [
        [0.0, -0.0, 1.0, 1e16, 1e-7, 123456789012.0, 0.1],
        [0.0, -0.0, float("nan"), float("inf"), -float("inf"), None],
        ["a", "a,b", "a;b", 'q"uote', "back\\slash", "line\nend", "null", "", "ü€", None, "a"],
        [None, None],
        ["NaN"],
        [1, -7, 2**63 - 1],
        [True, False, None],
    ],
    ids=repr,
)
def test_values_of_a_column_are_the_fields_of_a_line(dialect: Dialect, values: list[object]) -> None:
    ends = [f"{dialect.delimiter}{field}{dialect.line_end}" for field in fields(values, dialect)]
    _, _, lines = write_rows(["x", "y"], [["0"] * len(values), values], dialect).decode().partition(dialect.line_end)
    assert lines == "".join([f"0{end}" for end in ends])
