"""What stands after the fields of an Avro record: each type, in its own schema."""

from __future__ import annotations

import datetime
import decimal
import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from dai_scoring.formats import Declined
from dai_scoring.formats.avro.appended_fields import appended_fields
from dai_scoring.options import BadRows
from tests.support.files.file_scoring import Bench


def test_every_type_behind_the_fields() -> None:
    schema = {"type": "record", "name": "r", "fields": [{"name": "s", "type": "string"}]}
    table = pa.table(
        {
            "double": pa.array([1.5, None, float("nan")], pa.float64()),
            "single": pa.array([None, 0.25, -1.0], pa.float32()),
            "label": pa.array(["yes", None, ""]),
            "count": pa.array([1, -(2**40), None], pa.int64()),
            "truth": pa.array([True, None, False]),
            "day": pa.array([datetime.date(2020, 1, 2), None, datetime.date(1, 1, 1)]),
            "time": pa.array([datetime.datetime(2020, 1, 2, 3), None, None], pa.timestamp("ms")),
            "nothing": pa.nulls(3),
            "decimal": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-3.00")], pa.decimal128(5, 2)),
            "not valid": pa.array([[1], None, []], pa.list_(pa.int32())),
        }
    )
    appended = appended_fields(schema, table.schema)
    assert not isinstance(appended, Declined)
    lines = []
    for text in ("a", "", "é"):
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), {"s": text})
        lines.append(stream.getvalue())
    for part in (slice(0, 3), slice(1, 3)):
        (block,) = appended.encode(table.slice(part.start, part.stop), pa.array(lines[part], pa.large_binary()))
        parsed = fastavro.parse_schema(appended.schema)
        found: list[Any] = [fastavro.schemaless_reader(block.bytes_, parsed, None) for _ in range(block.num_records)]
        assert block.bytes_.read() == b""
        assert [one["s"] for one in found] == ["a", "", "é"][part]
        for name, key in zip(
            table.column_names, [field["name"] for field in appended.schema["fields"][1:]], strict=True
        ):
            values = [None if value is None else str(value) for value in table[name].to_pylist()[part]]
            assert [None if one[key] is None else str(one[key]) for one in found] == values
    assert isinstance(appended_fields(schema, pa.schema([pa.field("s", pa.float64())])), Declined)


@pytest.mark.parametrize("rows", [1, 3000])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("child", [["null", "a.r"], {"type": "array", "items": "r"}, {"type": "map", "values": "r"}])
def test_records_that_hold_others_of_their_type_get_no_field_within(
    tmp_path: Path, child: Any, keep: bool, rows: int
) -> None:
    plain = [{"name": "x", "type": "double"}, {"name": "s", "type": "string"}]
    fields = [*plain, {"name": "child", "type": child}]
    schema = {"type": "record", "name": "r", "namespace": "a", "fields": fields}
    form = child["type"] if isinstance(child, dict) else "union"
    leaf = {"x": 1.0, "s": "b", "child": {"union": None, "array": [], "map": {}}[form]}
    inner = {"union": leaf, "array": [leaf], "map": {"k": leaf}}[form]
    content = io.BytesIO()
    fastavro.writer(content, fastavro.parse_schema(schema), [{"x": 2.0, "s": "ab", "child": inner}] * rows)
    bench = Bench(tmp_path)
    summary = bench.score(content.getvalue(), bad_rows=BadRows.KEEP if keep else BadRows.REJECT)
    assert (summary.scored, summary.rejected) == (rows, 0)
    with bench.target.open("rb") as file:
        found: list[Any] = list(fastavro.reader(file))
    assert [(one["x"], one["s"], one["total"]) for one in found] == [(2.0, "ab", 4.0)] * rows
    assert [json.loads(one["child"]) for one in found] == [inner] * rows


@pytest.mark.parametrize("kind", ["record", "array", "map", "enum"])
def test_a_record_named_as_avros_own_types_holds_no_other(kind: str) -> None:
    inner: dict[str, dict[str, Any]] = {
        "record": {"name": "q", "fields": []},
        "array": {"items": "int"},
        "map": {"values": "int"},
        "enum": {"name": "q", "symbols": ["x"]},
    }
    schema = {"type": "record", "name": kind, "fields": [{"name": "v", "type": {"type": kind, **inner[kind]}}]}
    assert not isinstance(appended_fields(schema, pa.schema([pa.field("p", pa.float64())])), Declined)
