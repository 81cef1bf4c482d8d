from __future__ import annotations

import datetime as dt
import decimal
import io
import json
import uuid
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.errors import ContentError
from dai_scoring.formats import Format, open_reader

BINARY = [Format.AVRO, Format.PARQUET, Format.ARROW_STREAM, Format.ARROW_FILE]
MOMENT = dt.datetime(2020, 1, 2, 3, 4, 5, 678901)
JSON = pa.json_(pa.string())

COLUMNS: dict[str, pa.Array] = {
    "b": pa.array([True, None]),
    "i8": pa.array([1, None], pa.int8()),
    "i64": pa.array([-(2**63), None], pa.int64()),
    "u64": pa.array([2**64 - 1, None], pa.uint64()),
    "f32": pa.array([0.1, None], pa.float32()),
    "f64": pa.array([float("inf"), None]),
    "s": pa.array(["é\0", None]),
    "ls": pa.array(["x", None], pa.large_string()),
    "bin": pa.array([b"\x00\xff", None]),
    "date": pa.array([MOMENT.date(), None]),
    "time": pa.array([MOMENT.time(), None]),
    "ts": pa.array([MOMENT, None], pa.timestamp("us")),
    "tz": pa.array([MOMENT, None], pa.timestamp("ns", "Europe/Paris")),
    "dec": pa.array([decimal.Decimal("-1.50"), None]),
    "none": pa.nulls(2),
    "list": pa.array([[1, None], None]),
    "struct": pa.array([{"a b": 1, "c": [{"x": 1.5}]}, None]),
    "map": pa.array([[("k", 1.5)], None], pa.map_(pa.string(), pa.float64())),
    "json": pa.ExtensionArray.from_storage(JSON, pa.array(['{"a":1}', None])),
    "words": pa.array(["x", None]).dictionary_encode(),
}


@pytest.mark.parametrize("fmt", BINARY)
@pytest.mark.parametrize("name", list(COLUMNS))
def test_every_type_passes(write: Any, read: Any, fmt: Format, name: str) -> None:
    table = pa.table({name: COLUMNS[name]})
    content = read(write(fmt, table, table), fmt)
    values = [row[name] for row in content.rows]
    expected = table.column(name).to_pylist() * 2
    if name == "tz":
        assert [value and value.timestamp() for value in values] == [value and value.timestamp() for value in expected]
    else:
        assert values == expected
    assert content.reader.schema is not None
    assert all(table.schema == content.reader.schema for table in content.tables)


@pytest.mark.parametrize("fmt", [Format.CSV, Format.JSON_ARRAY, Format.JSON_LINES])
def test_every_type_has_a_text(write: Any, read: Any, fmt: Format) -> None:
    data = write(fmt, pa.table(COLUMNS))
    [first, second] = read(data, fmt).rows
    assert first["ts"] == "2020-01-02T03:04:05.678901"
    assert first["tz"] == "2020-01-02T03:04:05.678901000Z"
    assert first["date"] == "2020-01-02"
    assert first["time"] == "03:04:05.678901"
    assert first["bin"] == "AP8="
    assert json.loads(first["struct"]) == {"a b": 1, "c": [{"x": 1.5}]}
    assert json.loads(first["map"]) == {"k": 1.5}
    assert json.loads(first["json"]) == {"a": 1}
    assert set(second.values()) == {"" if fmt is Format.CSV else None}


@pytest.mark.parametrize("fmt", [Format.CSV, Format.JSON_ARRAY])
def test_times_within_others_that_python_lacks_have_a_text(write: Any, read: Any, fmt: Format) -> None:
    """Without pandas there are no nanoseconds in Python."""
    moment = pa.array([1_500_000_000_000_000_001], pa.timestamp("ns"))
    nested = pa.StructArray.from_arrays([moment, moment.cast(pa.int64()).cast(pa.duration("ns"))], ["at", "for"])
    times = pa.array([[1, None]], pa.list_(pa.time64("ns")))
    [row] = read(write(fmt, pa.table({"nested": nested, "times": times})), fmt).rows
    assert json.loads(row["nested"]) == {"at": "2017-07-14T02:40:00.000000001", "for": 1_500_000_000_000_000_001}
    assert json.loads(row["times"]) == ["00:00:00.000000001", None]


def test_run_end_encoded_columns_come_as_plain_ones(read: Any) -> None:
    encoded = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), ["a", None])
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, pa.schema([("x", encoded.type)])) as writer:
        writer.write_table(pa.table({"x": encoded}))
    assert [row["x"] for row in read(sink.getvalue(), Format.ARROW_STREAM).rows] == ["a", "a", None]


def test_a_type_that_parquet_lacks_is_named(write: Any) -> None:
    with pytest.raises(ContentError, match="month_day_nano_interval"):
        write(Format.PARQUET, pa.table({"x": pa.array([(1, 2, 3)], pa.month_day_nano_interval())}))


def test_seconds_that_parquet_has_no_room_for_are_told_without_the_value(write: Any) -> None:
    with pytest.raises(ContentError, match="no room for, such as seconds") as told:
        write(Format.PARQUET, pa.table({"x": pa.array([2**60], pa.timestamp("s"))}))
    assert str(2**60) not in str(told.value)


def test_maps_by_nanoseconds_are_text_in_avro(write: Any, read: Any) -> None:
    pairs = pa.array([[(1_000, "a")], None], pa.map_(pa.timestamp("ns"), pa.string()))
    found = [row["x"] for row in read(write(Format.AVRO, pa.table({"x": pairs})), Format.AVRO).rows]
    assert found == ['{"1970-01-01T00:00:00.000001":"a"}', None]


@pytest.mark.parametrize("fmt", BINARY)
def test_rows_in_chunks_and_empty_files(write: Any, read: Any, fmt: Format) -> None:
    table = pa.table({"x": range(2500)})
    content = read(write(fmt, table), fmt, chunk_rows=1000)
    assert [row["x"] for row in content.rows] == list(range(2500))
    nothing = read(write(fmt, table.slice(0, 0)), fmt)
    assert nothing.tables == []
    assert nothing.reader.schema == pa.schema([("x", pa.int64())])
    empty = read(b"", fmt)
    assert (empty.reader.schema, empty.tables) == (None, [])


# Without its end an Avro file or an Arrow stream between two blocks is one of fewer rows: nothing tells.
@pytest.mark.parametrize(("fmt", "complete_cuts"), list(zip(BINARY, [1, 0, 3, 0], strict=True)))
def test_truncated_anywhere(write: Any, tmp_path: Path, fmt: Format, complete_cuts: int) -> None:
    table = pa.table({"x": range(3), "s": ["a", "b", "c"]})
    whole = write(fmt, table, table)
    path = tmp_path / "cut"
    fine = 0
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        try:
            list(open_reader(path, fmt, chunk_rows=10).chunks())
        except ContentError:
            continue
        fine += 1
    assert fine <= complete_cuts


@pytest.mark.parametrize("fmt", BINARY)
def test_other_content(read: Any, fmt: Format) -> None:
    for data in (b"a,b\n1,2\n", b"x" * 1000, b"\0"):
        with pytest.raises(ContentError):
            read(data, fmt)


@pytest.mark.parametrize("fmt", BINARY)
def test_tables_are_cast_to_the_schema(write: Any, read: Any, fmt: Format) -> None:
    first = pa.table({"a": [1.5], "b": ["x"]})
    content = read(write(fmt, first, pa.table({"b": ["y"], "a": [2]}), pa.table({"a": [3]})), fmt)
    assert content.rows == [{"a": 1.5, "b": "x"}, {"a": 2.0, "b": "y"}, {"a": 3.0, "b": None}]
    with pytest.raises(ContentError, match="'c' appears"):
        write(fmt, first, pa.table({"c": [1]}))
    with pytest.raises(ContentError, match="'a' has values that do not fit"):
        write(fmt, first, pa.table({"a": ["secret"]}))


@pytest.mark.parametrize("fmt", list(Format))
def test_duplicate_columns(write: Any, fmt: Format) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(ContentError, match="more than once; columns 1, 2 have the same"):
        write(fmt, table)


def test_duplicate_columns_in_arrow_and_parquet_input(read: Any) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(ContentError, match="more than once"):
        read(sink.getvalue(), Format.ARROW_STREAM)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    with pytest.raises(ContentError, match="more than once"):
        read(sink.getvalue(), Format.PARQUET)


def test_compressed_arrow_with_dictionaries(read: Any) -> None:
    sink = io.BytesIO()
    schema = pa.schema([("w", pa.dictionary(pa.int32(), pa.string()))])
    options = pa.ipc.IpcWriteOptions(compression="zstd", emit_dictionary_deltas=True)
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        for words in (["x", "y"], ["z", None]):
            writer.write_table(pa.table({"w": pa.array(words).dictionary_encode()}))
    content = read(sink.getvalue(), Format.ARROW_STREAM)
    assert [row["w"] for row in content.rows] == ["x", "y", "z", None]
    assert content.reader.schema == pa.schema([("w", pa.string())])


def avro(fields: list[Any], records: list[Any], codec: str = "deflate") -> bytes:
    sink = io.BytesIO()
    schema = {"type": "record", "name": "ns.row", "fields": fields}
    fastavro.writer(sink, fastavro.parse_schema(schema), records, codec=codec)
    return sink.getvalue()


def test_avro_types(read: Any) -> None:
    key = uuid.UUID(int=7)
    moment = dt.datetime(2020, 1, 2, 3, 4, 5, 678000, dt.timezone.utc)
    fields = [
        {"name": "e", "type": {"type": "enum", "name": "color", "symbols": ["RED", "BLUE"]}},
        {"name": "e2", "type": ["null", "color"]},
        {"name": "u", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "ms", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "tm", "type": {"type": "int", "logicalType": "time-millis"}},
        {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}},
        {"name": "fx", "type": {"type": "fixed", "name": "f2", "size": 2}},
        {"name": "un", "type": ["null", "long", "string"]},
        {
            "name": "tree",
            "type": {
                "type": "record",
                "name": "node",
                "fields": [{"name": "v", "type": "int"}, {"name": "next", "type": ["null", "node"]}],
            },
        },
        {"name": "m", "type": {"type": "map", "values": {"type": "array", "items": "color"}}},
        {"name": "f", "type": "float"},
    ]
    record = {
        "e": "RED",
        "e2": None,
        "u": key,
        "ms": moment,
        "tm": dt.time(1, 2, 3),
        "d": decimal.Decimal("1.50"),
        "fx": b"ab",
        "un": "x",
        "tree": {"v": 1, "next": {"v": 2, "next": None}},
        "m": {"k": ["BLUE"]},
        "f": 0.5,
    }
    content = read(avro(fields, [record, {**record, "un": 5, "e2": "BLUE"}]), Format.AVRO)
    [first, second] = content.rows
    assert first == {
        **record,
        "u": str(key),
        "un": '"x"',
        "tree": '{"v":1,"next":{"v":2,"next":null}}',
        "m": [("k", ["BLUE"])],
    }
    assert (second["un"], second["e2"]) == ("5", "BLUE")
    schema = content.reader.schema
    assert schema.field("un").type == JSON
    assert schema.field("ms").type == pa.timestamp("ms", "UTC")
    assert schema.field("d").type == pa.decimal128(5, 2)
    assert schema.field("fx").type == pa.binary(2)


def test_avro_names_are_made_valid_and_restored(write: Any, read: Any) -> None:
    table = pa.table({"survived.0": [1], "survived_0": [2], "0": [3], "é": [4], "": [5], "_": [6]})
    data = write(Format.AVRO, table)
    [record] = fastavro.reader(io.BytesIO(data))
    assert list(record) == ["survived_0_2", "survived_0", "_0", "__2", "__3", "_"] or len(set(record)) == 6
    assert record["survived_0"] == 2
    assert read(data, Format.AVRO).rows == table.to_pylist()


def test_avro_writes_logical_types(write: Any) -> None:
    moment = MOMENT.replace(tzinfo=dt.timezone.utc)
    data = write(Format.AVRO, pa.table({"t": pa.array([MOMENT], pa.timestamp("us", "UTC")), "d": [MOMENT.date()]}))
    assert list(fastavro.reader(io.BytesIO(data))) == [{"t": moment, "d": MOMENT.date()}]


def test_avro_without_records(read: Any) -> None:
    sink = io.BytesIO()
    fastavro.writer(sink, fastavro.parse_schema({"type": "array", "items": "int"}), [[1]])
    with pytest.raises(ContentError, match="holds no records"):
        read(sink.getvalue(), Format.AVRO)


def test_parquet_of_several_row_groups(read: Any) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"x": range(1000)}), sink, row_group_size=7)
    content = read(sink.getvalue(), Format.PARQUET, chunk_rows=100)
    assert [row["x"] for row in content.rows] == list(range(1000))


@pytest.mark.parametrize(("local", "zone"), [("", "UTC"), ("local-", None)])
def test_avro_nanoseconds_are_times(tmp_path: Path, local: str, zone: str | None) -> None:
    kind = {"type": "long", "logicalType": f"{local}timestamp-nanos"}
    nested = {"type": "record", "name": "inner", "fields": [{"name": "x", "type": ["null", kind]}]}
    fields = [{"name": "at", "type": ["null", kind]}, {"name": "in", "type": nested}]
    rows = [{"at": 1_500_000_000_000_000_001, "in": {"x": 5}}, {"at": None, "in": {"x": None}}]
    (tmp_path / "in.avro").write_bytes(avro(fields, rows))
    reader = open_reader(tmp_path / "in.avro", Format.AVRO, chunk_rows=10)
    [table] = [chunk.table for chunk in reader.chunks()]
    reader.close()
    nanos = pa.timestamp("ns", zone)
    assert table.schema.types == [nanos, pa.struct([("x", nanos)])]
    assert table.column("at").cast(pa.int64()).to_pylist() == [1_500_000_000_000_000_001, None]


@pytest.mark.parametrize("fmt", list(Format))
def test_infinity_and_nan_in_every_format(tmp_path: Path, write: Any, fmt: Format) -> None:
    """JSON has neither; Python's objects and Arrow's columns write the same."""
    values = [float("inf"), float("-inf"), float("nan"), None]
    for rows in (1, 200):
        table = pa.table({"x": values * rows, "one": [1] * 4 * rows})
        (tmp_path / "in").write_bytes(write(fmt, table))
        reader = open_reader(tmp_path / "in", fmt, chunk_rows=1000)
        found = next(iter(reader.chunks())).table.column("x").to_pylist()[:4]
        reader.close()
        if fmt is Format.CSV:
            assert found == ["inf", "-inf", "NaN", ""]
        elif fmt in (Format.JSON_ARRAY, Format.JSON_LINES):
            assert found == [None] * 4
        else:
            assert repr(found) == repr(values)
