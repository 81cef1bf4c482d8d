"""Logical types of Avro: any number beneath them, and those that the specification has ignored; and such in Arrow."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.errors import ContentError
from dai_scoring.formats import Format
from dai_scoring.options import OutputColumns
from tests.support.files.file_scoring import Bench

_HEAD: Any = {
    "type": "record",
    "name": "head",
    "fields": [
        {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
        {"name": "meta", "type": {"type": "map", "values": "bytes"}},
        {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
    ],
}
_PLAIN: list[Any] = [{"name": "x", "type": "double"}, {"name": "s", "type": "string"}]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def avro(beneath: Any, logical: Any, values: list[Any], *, blocks: int = 1) -> bytes:
    """A file with a column v of a logical type, its records written by the type beneath."""

    def schema(kind: Any) -> dict[str, Any]:
        return {"type": "record", "name": "r", "fields": [*_PLAIN, {"name": "v", "type": kind}]}

    file = io.BytesIO()
    meta = {"avro.schema": json.dumps(schema(logical)).encode(), "avro.codec": b"null"}
    fastavro.schemaless_writer(file, _HEAD, {"magic": b"Obj\1", "meta": meta, "sync": b"s" * 16})
    parsed = fastavro.parse_schema(schema(beneath))
    for _ in range(blocks):
        rows = io.BytesIO()
        for value in values:
            fastavro.schemaless_writer(rows, parsed, {"x": 1.5, "s": "ab", "v": value})
        for number in (len(values), len(rows.getvalue())):
            fastavro.schemaless_writer(file, "long", number)  # type: ignore[arg-type]
        file.write(rows.getvalue() + b"s" * 16)
    return file.getvalue()


def logical(name: str, beneath: Any = "long", /, **more: Any) -> dict[str, Any]:
    return {"type": beneath, "logicalType": name, **more}


def number(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def beneath_of(bench: Bench) -> list[Any]:
    """The records that were written, by the types beneath: Python has not all times."""
    return list(fastavro.reader(io.BytesIO(bench.target.read_bytes().replace(b"logicalType", b"logical_was"))))


# Years worked out with numpy's datetime64, which has them.
TIMES = [
    ("int", "date", 2**31 - 1, "5881580-07-11"),
    ("int", "date", -(2**31), "-5877641-06-23"),
    ("int", "date", 2_932_897, "10000-01-01"),
    ("long", "timestamp-millis", 253_402_300_800_000, "10000-01-01T00:00:00.000Z"),
    ("long", "timestamp-millis", 2**63 - 1, "292278994-08-17T07:12:55.807Z"),
    ("long", "timestamp-micros", 2**63 - 1, "294247-01-10T04:00:54.775807Z"),
    ("long", "timestamp-nanos", 2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
    ("long", "local-timestamp-millis", -62_135_596_800_001, "0000-12-31T23:59:59.999"),
    ("long", "local-timestamp-micros", 2**63 - 1, "294247-01-10T04:00:54.775807"),
    ("int", "time-millis", 86_399_999, "23:59:59.999"),
    ("long", "time-micros", 86_399_999_999, "23:59:59.999999"),
]


@pytest.mark.parametrize(("beneath", "name", "value", "text"), TIMES)
@pytest.mark.parametrize("shape", ["alone", "null", "list", "union", "itself"])
def test_times_of_any_year(bench: Bench, beneath: str, name: str, value: int, text: str, shape: str) -> None:
    def of(kind: Any) -> Any:
        return {
            "alone": kind,
            "null": ["null", kind],
            "list": {"type": "array", "items": kind},
            "union": ["null", "boolean", kind],
            "itself": {
                "type": "record",
                "name": "node",
                "fields": [{"name": "at", "type": kind}, {"name": "next", "type": ["null", "node"]}],
            },
        }[shape]

    given = {"list": [value], "itself": {"at": value, "next": {"at": value, "next": None}}}.get(shape, value)
    right = {"list": [text], "itself": {"at": text, "next": {"at": text, "next": None}}}.get(shape, text)
    content = avro(of(beneath), of(logical(name, beneath)), [given, given])
    assert bench.score(content, output_format=Format.JSON_LINES).scored == 2
    assert [json.loads(line) for line in bench.out().splitlines()] == [
        {"x": 1.5, "s": "ab", "v": right, "total": 3.5}
    ] * 2
    assert bench.score(content).scored == 2
    assert [row["v"] for row in beneath_of(bench)] == [given, given]


UNFIT: list[tuple[Any, Any, Any, Any, str]] = [
    ("int", logical("time-millis", "int"), -1, 0, "-1"),
    ("int", logical("time-millis", "int"), 86_400_000, 0, "86400000"),
    ("long", logical("time-micros"), 86_400_000_000, 0, "86400000000"),
    ("long", logical("time-micros"), -(2**63), 0, str(-(2**63))),
    ("bytes", logical("decimal", "bytes", precision=4, scale=2), number(12_345_678), number(1), "123456.78"),
    ("bytes", logical("decimal", "bytes", precision=38), number(10**100), number(1), "1" + "0" * 100),
    ("bytes", logical("decimal", "bytes", precision=200, scale=1), number(10**200), number(1), "1" + "0" * 199 + ".0"),
    ("bytes", logical("decimal", "bytes", precision=4), b"", number(1), ""),
]


@pytest.mark.parametrize(("beneath", "kind", "bad", "good", "shown"), UNFIT)
@pytest.mark.parametrize("in_list", [False, True])
def test_a_value_that_its_type_does_not_hold_rejects_its_row(
    bench: Bench, beneath: Any, kind: Any, bad: Any, good: Any, shown: str, in_list: bool
) -> None:
    if in_list:
        beneath, kind = ({"type": "array", "items": one} for one in (beneath, kind))
        bad, good, shown = [good, bad], [good], shown if "decimal" in str(kind) else f"[{good},{shown}]"
    content = avro(beneath, kind, [good, bad, good])
    summary = bench.score(content, output_format=Format.JSON_LINES)
    assert (summary.records, summary.scored, summary.rejected) == (3, 2, 1)
    [row] = map(json.loads, bench.rejected.read_text().splitlines())
    assert (row["_reject_code"], row["_reject_column"], row["_reject_value"]) == ("out_of_range", "v", shown)
    # The model does not read it: where records pass as they stand, it does.
    assert bench.score(content).scored == 3
    # As it has no value there, it is rejected where its column is written anew.
    assert bench.score(content, output_columns=OutputColumns.IDS, id_columns=("v",)).rejected == 1


IGNORED: list[tuple[Any, Any, Any, Any]] = [
    ("string", logical("uuid", "string"), "x", "x"),
    ("string", logical("uuid", "string"), "", ""),
    ("string", logical("date", "string"), "x", "x"),
    ("string", logical("decimal", "string", precision=4), "x", "x"),
    ("long", logical("date"), 5, 5),
    ("int", logical("timestamp-millis", "int"), 5, 5),
    ("long", logical("no-such-type"), 5, 5),
    ("bytes", logical("decimal", "bytes"), b"\5", "BQ=="),
    ("bytes", logical("decimal", "bytes", precision=2, scale=5), b"\5", "BQ=="),
    ("bytes", logical("decimal", "bytes", precision=0), b"\5", "BQ=="),
    ("bytes", logical("decimal", "bytes", precision="4"), b"\5", "BQ=="),
    ("bytes", logical("decimal", "bytes", precision=4, scale=-1), b"\5", "BQ=="),
    ("int", {"type": "int", "logicalType": ["date"]}, 5, 5),
    (
        {"type": "fixed", "name": "f", "size": 1},
        logical("decimal", "fixed", name="f", size=1, precision=3),
        b"\5",
        "BQ==",
    ),
]


@pytest.mark.parametrize(("beneath", "kind", "value", "right"), IGNORED)
@pytest.mark.parametrize("shape", ["alone", "list", "union"])
def test_logical_types_that_do_not_count_are_the_types_beneath(
    bench: Bench, beneath: Any, kind: Any, value: Any, right: Any, shape: str
) -> None:
    if shape == "list":
        beneath, kind = ({"type": "array", "items": one} for one in (beneath, kind))
        value, right = [value], [right]
    elif shape == "union":
        beneath, kind = (["null", "boolean", one] for one in (beneath, kind))
    content = avro(beneath, kind, [value])
    assert bench.score(content, output_format=Format.JSON_LINES).scored == 1
    assert json.loads(bench.out())["v"] == right
    assert bench.score(content).scored == 1
    assert [row["v"] for row in beneath_of(bench)] == [value]


def test_decimals_and_uuids_are_what_their_bytes_say(bench: Bench) -> None:
    wide = logical("decimal", "bytes", precision=100, scale=2)
    exact = logical("decimal", "bytes", precision=50, scale=50)
    record = {
        "type": "record",
        "name": "p",
        "fields": [{"name": "wide", "type": wide}, {"name": "exact", "type": exact}],
    }
    beneath = json.loads(json.dumps(record).replace("logicalType", "was"))
    content = avro(beneath, record, [{"wide": number(-(10**90) - 5), "exact": number(1)}])
    assert bench.score(content, output_format=Format.JSON_LINES).scored == 1
    found = json.loads(bench.out(), parse_float=Decimal)["v"]
    assert found == {"wide": Decimal("-1" + "0" * 88 + ".05"), "exact": Decimal("1E-50")}
    plain = {"type": "fixed", "name": "id", "size": 16}
    content = avro(plain, logical("uuid", "fixed", name="id", size=16), [bytes(range(16))])
    assert bench.score(content, output_format=Format.JSON_LINES).scored == 1
    assert json.loads(bench.out())["v"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"


def test_a_type_is_told_by_its_branch_of_a_union(bench: Bench) -> None:
    """Both are integers beneath."""
    day, moment = logical("date", "int"), logical("timestamp-millis")
    kinds = ["null", day, moment, {"type": "array", "items": day}]
    file = io.BytesIO()
    schema: Any = {"type": "record", "name": "r", "fields": [*_PLAIN, {"name": "v", "type": kinds}]}
    records = [{"x": 1, "s": "", "v": one} for one in (("int", 1), ("long", 1), [0], None)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fastavro._write, "LOGICAL_WRITERS", {}, raising=False)
        fastavro.writer(file, schema, records)
    assert bench.score(file.getvalue(), output_format=Format.JSON_LINES).scored == 4
    found = [json.loads(line)["v"] for line in bench.out().splitlines()]
    assert found == ["1970-01-02", "1970-01-01T00:00:00.001Z", ["1970-01-01"], None]


def test_names_of_decimals_are_looked_up(bench: Bench) -> None:
    money = logical("decimal", "fixed", name="org.a.money", size=2, precision=4, scale=2)
    fields = [
        {"name": "first", "type": money},
        {"name": "some", "type": {"type": "array", "items": "org.a.money"}},
        {"name": "any", "type": ["null", "string", "org.a.money"]},
    ]
    kind = {"type": "record", "name": "org.a.bill", "fields": fields}
    beneath = json.loads(json.dumps(kind).replace("logicalType", "was"))
    content = avro(beneath, kind, [{"first": b"\0\1", "some": [b"\0\2"], "any": b"\0\3"}])
    assert bench.score(content, output_format=Format.JSON_LINES).scored == 1
    assert json.loads(bench.out())["v"] == {"first": 0.01, "some": [0.02], "any": 0.03}


@pytest.mark.parametrize("blocks", [1, 20])
def test_times_of_a_model_are_read_of_any_year(bench: Bench, blocks: int) -> None:
    """Blocks that are gone through together, and those that are not."""
    content = avro("int", logical("time-millis", "int"), [0, -1], blocks=blocks)
    summary = bench.score(content, output_format=Format.CSV)
    assert (summary.scored, summary.rejected) == (blocks, blocks)


COUNTS: list[tuple[Any, list[int], str]] = [
    (pa.time32("s"), [86_400, 86_399], "86400"),
    (pa.time32("ms"), [-1, 0], "-1"),
    (pa.time64("us"), [2**63 - 1, 0], str(2**63 - 1)),
    (pa.time64("ns"), [-(2**63), 0], str(-(2**63))),
    (pa.date64(), [1, 86_400_000], "1"),
]


@pytest.mark.parametrize(("kind", "counts", "shown"), COUNTS)
@pytest.mark.parametrize("fmt", [Format.ARROW_STREAM, Format.PARQUET])
def test_a_number_that_is_no_time_of_arrow_rejects_its_row(
    bench: Bench, kind: Any, counts: list[int], shown: str, fmt: Format
) -> None:
    if fmt is Format.PARQUET and kind in (pa.date64(), pa.time32("s")):
        pytest.skip("Parquet has neither days in milliseconds nor seconds of a day.")
    alone = arrow(fmt, pa.array(counts, kind))
    summary = bench.score(alone, output_format=Format.JSON_LINES)
    assert (summary.scored, summary.rejected) == (1, 1)
    rejected = json.loads(bench.rejected.read_text())
    assert (rejected["_reject_code"], rejected["_reject_column"]) == ("out_of_range", "v")
    assert rejected["_reject_value"] == shown
    within = arrow(fmt, pa.array([[one] for one in counts], pa.list_(kind)))
    with pytest.raises(ContentError, match="column 'v' has values that its type does not hold, in a row from 1 to 2"):
        bench.score(within)


def arrow(fmt: Format, values: Any) -> bytes:
    contents = io.BytesIO()
    table = pa.table({"x": [1.5, 2.5], "s": ["a", "b"], "v": values})
    if fmt is Format.PARQUET:
        pq.write_table(table, contents)
    else:
        with pa.ipc.new_stream(contents, table.schema) as file:
            file.write_table(table)
    return contents.getvalue()


@pytest.mark.parametrize("name", ["date", "no-such-type"])
def test_a_value_of_more_levels_than_json_is_written_with_rejects_its_row(bench: Bench, name: str) -> None:
    fields = [{"name": "at", "type": logical(name, "int")}, {"name": "next", "type": ["null", "node"]}]
    kind = {"type": "record", "name": "node", "fields": fields}
    deep: Any = None
    for _ in range(700):
        deep = {"at": 1, "next": deep}
    beneath = json.loads(json.dumps(kind).replace("logicalType", "was"))
    content = avro(beneath, kind, [deep, {"at": 1, "next": None}])
    summary = bench.score(content, output_format=Format.JSON_LINES)
    assert (summary.scored, summary.rejected) == (1, 1)
    assert json.loads(bench.rejected.read_text())["_reject_value"] == "a value of too many levels"
