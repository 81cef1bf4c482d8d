"""Avro records pass through as they were read, with predictions behind their fields."""

from __future__ import annotations

import datetime
import decimal
import io
import json
import random
import uuid
from pathlib import Path
from typing import Any

import fastavro
import pytest

from dai_scoring.batch.plan import Way
from dai_scoring.errors import ScoringError
from dai_scoring.formats import Format
from dai_scoring.formats.avro import field_positions
from dai_scoring.formats.avro import reader as avro_reader
from dai_scoring.options import OutputColumns
from tests.support.files.file_scoring import Bench
from tests.support.ways import by_reader, counted, without

_MORE = {"type": "record", "name": "More", "fields": [{"name": "next", "type": ["null", "More"]}]}
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "org.example.Row",
    "doc": "what it is",
    "fields": [
        {"name": "x", "type": ["null", "double"], "default": None},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
        {"name": "s", "type": ["string", "null"]},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}},
        {"name": "when", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "any", "type": ["null", "long", "string", {"type": "array", "items": "int"}]},
        {"name": "other_kind", "type": ["null", "Kind"]},
        {
            "name": "more",
            "type": {"type": "record", "name": "More", "fields": [{"name": "next", "type": ["null", "More"]}]},
        },
        {"name": "map", "type": {"type": "map", "values": "float"}},
        {"name": "a_b", "type": "boolean", "dai.name": "a b"},
    ],
}


def _record(choose: random.Random) -> dict[str, Any]:
    return {
        "x": choose.choice([1.5, -0.0, None, 1e300]),
        "kind": choose.choice("AB"),
        "s": choose.choice(["", "é" * 100, None, "abc"]),
        "price": decimal.Decimal(choose.randint(-999999, 999999)) / 100,
        "when": datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
        + datetime.timedelta(microseconds=choose.randint(0, 10**15)),
        "any": choose.choice([None, 7, "seven", [1, 2]]),
        "other_kind": choose.choice([None, "B"]),
        "more": choose.choice([{"next": None}, {"next": {"next": None}}]),
        "map": {"k": 0.5},
        "a_b": choose.random() < 0.5,
    }


def _avro(schema: Any, records: list[Any], **options: Any) -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(schema), records, **options)
    return file.getvalue()


def _read(path: Path) -> tuple[Any, list[Any]]:
    with path.open("rb") as file:
        reader = fastavro.reader(file)
        assert reader.metadata is not None
        return json.loads(reader.metadata["avro.schema"]), list(reader)


_NUMBERS: list[Any] = ["double", "float", "int", "long", "string", {"type": "int", "logicalType": "date"}]
_TEXTS: list[Any] = [
    "string",
    {"type": "enum", "name": "Level", "symbols": ["C", "a", "bc"]},
    "long",
    "boolean",
    {"type": "int", "logicalType": "date"},
    {"type": "string", "logicalType": "uuid"},
]
_SKIPPED: list[tuple[Any, list[Any]]] = [
    ("bytes", [b"", b"a" * 63, b"b" * 64, b"c" * 20000]),
    ({"type": "fixed", "name": "Three", "size": 3}, [b"abc", b"\xff\xff\xff"]),
    ("long", [0, -1, 63, 64, -64, -65, 2**63 - 1, -(2**63)]),
    (
        {"type": "fixed", "name": "Price", "size": 4, "logicalType": "decimal", "precision": 9, "scale": 2},
        [decimal.Decimal("1.25"), decimal.Decimal("-3.00")],
    ),
    ("null", [None]),
    ("string", ["", "x" * 8192]),
]


def _values(kind: Any) -> list[Any]:
    name = kind if isinstance(kind, str) else kind.get("logicalType", kind["type"])
    return {
        "double": [1.5, -0.0, 1e300, 0.0],
        "float": [1.5, -2.0],
        "int": [0, 1, -1, 63, 64, 2**31 - 1, -(2**31)],
        "long": [0, 1, -1, 8191, 8192, 2**40, -(2**40)],
        "boolean": [True, False],
        "string": ["1", "-2.5", "", "7"],
        "enum": ["C", "a", "bc"],
        "date": [datetime.date(1970, 1, 1), datetime.date(1969, 12, 31), datetime.date(2026, 11, 25)],
        "uuid": [str(uuid.UUID(int=number)) for number in range(3)],
    }[name]


def _optional(choose: random.Random, kind: Any, values: list[Any]) -> tuple[Any, list[Any]]:
    union = choose.choice([[], ["null", kind], [kind, "null"]]) if kind != "null" else []
    return (union, [*values, None]) if union else (kind, values)


def _plain(choose: random.Random) -> tuple[Any, list[Any]]:
    """A schema without types that have parts, and records."""
    fields = [("x", *_optional(choose, kind, _values(kind))) for kind in [choose.choice(_NUMBERS)]]
    fields += [("s", *_optional(choose, kind, _values(kind))) for kind in [choose.choice(_TEXTS)]]
    fields += [(f"f{index}", *_optional(choose, *pair)) for index, pair in enumerate(_SKIPPED)]
    choose.shuffle(fields)
    schema = {"type": "record", "name": "a.b.R", "fields": [{"name": name, "type": kind} for name, kind, _ in fields]}
    rows = choose.randint(1, 60)
    return schema, [{name: choose.choice(values) for name, _, values in fields} for _ in range(rows)]


def _scored(bench: Bench, content: bytes, rows: int) -> Any:
    bench.rejected.unlink(missing_ok=True)
    try:
        summary = bench.score(content, "application/avro-binary", batch_rows=rows)
    except ScoringError as error:
        return type(error), str(error)
    rejected = _read(bench.rejected) if bench.rejected.exists() else None
    return summary.scored, summary.rejected, _read(bench.target), rejected


def _every_way(bench: Bench, content: bytes, rows: int) -> None:
    """Score the same in all ways; compare."""
    quick = _scored(bench, content, rows)
    with without(Way.MODEL_COLUMNS):
        assert quick == _scored(bench, content, rows)
    with by_reader(), counted() as ways:
        slow = _scored(bench, content, rows)
    assert ways.ways <= {Way.READER}
    if isinstance(slow[0], type):
        assert quick == slow
    else:
        assert (quick[:2], _texts(quick[2][1]), quick[3]) == (slow[:2], slow[2][1], slow[3])


def _content(choose: random.Random) -> bytes:
    schema, records = _plain(choose)
    interval = choose.choice([1, 50, 500])
    return _avro(schema, records, codec=choose.choice(["null", "deflate"]), sync_interval=interval)


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field_positions, "LEAST_BLOCKS", 1)
    monkeypatch.setattr(field_positions, "_MOST_UNUSED", 1000)


@pytest.mark.usefixtures("few_are_enough")
@pytest.mark.parametrize("seed", range(40))
def test_blocks_walked_through_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    choose = random.Random(seed)
    content, rows = _content(choose), choose.choice([1, 7, 10_000])
    monkeypatch.setattr(avro_reader, "_BATCH_BYTES", choose.choice([100, 8 << 20]))
    bench = Bench(tmp_path)
    with counted() as ways:
        _scored(bench, content, rows)
    rejected = {"a row is rejected, and all of its columns are needed"} if bench.rejected.exists() else set()
    assert ways.reasons(Way.MODEL_COLUMNS) == rejected
    assert ways.ways <= {Way.MODEL_COLUMNS, Way.PIECES}
    assert (Way.PIECES in ways.ways) == bench.rejected.exists()
    assert ways.reasons(Way.PIECES) == set()
    _every_way(bench, content, rows)


@pytest.mark.usefixtures("few_are_enough")
@pytest.mark.parametrize("seed", range(20))
def test_a_file_that_ends_early_is_read_from_its_start_again(tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)
    content, rows = _content(choose), choose.choice([1, 7, 10_000])
    # Within the mark behind the last block.
    content = content[: -choose.randint(1, 15)]
    bench = Bench(tmp_path)
    with counted() as ways:
        _scored(bench, content, rows)
    assert ways.reasons(Way.PIECES) == {"the file may be damaged"}
    _every_way(bench, content, rows)


@pytest.mark.parametrize(
    ("kind", "value", "blocks", "reason"),
    [
        (
            {"type": "array", "items": "int"},
            [1],
            50,
            "a field has parts, such as a list, or is a union of several types",
        ),
        ("string", "a", 2, "the file has too few blocks to gain by reading them together"),
    ],
)
def test_what_is_not_walked_through(tmp_path: Path, kind: Any, value: Any, blocks: int, reason: str) -> None:
    fields = [{"name": "x", "type": "double"}, {"name": "s", "type": "string"}, {"name": "more", "type": kind}]
    records = [{"x": 1.5, "s": "ab", "more": value}] * blocks
    content = _avro({"type": "record", "name": "r", "fields": fields}, records, sync_interval=1)
    bench = Bench(tmp_path)
    with counted() as ways:
        _scored(bench, content, 100)
    assert (ways.ways, ways.reasons(Way.PIECES)) == ({Way.READER}, {reason})
    _every_way(bench, content, 100)


def _texts(records: list[Any]) -> list[Any]:
    """With UUIDs as texts, which they become where they do not pass through."""
    return [
        {key: str(value) if isinstance(value, uuid.UUID) else value for key, value in record.items()}
        for record in records
    ]


@pytest.mark.parametrize("seed", range(40))
def test_damaged_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Wherever a byte is wrong, an error says so, or the rows add up."""
    choose = random.Random(seed)
    schema, records = _plain(choose)
    content = bytearray(_avro(schema, records, sync_interval=50))
    start = content.index(b"avro.schema")
    for _ in range(choose.randint(1, 3)):
        content[choose.randrange(start, len(content))] = choose.randrange(256)
    monkeypatch.setattr(field_positions, "LEAST_BLOCKS", 1)
    try:
        summary = Bench(tmp_path).score(bytes(content), "application/avro-binary")
    except ScoringError:
        return
    assert summary.records == summary.scored + summary.rejected


@pytest.mark.parametrize("seed", range(20))
def test_records_are_what_they_were(tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)
    records = [_record(choose) for _ in range(choose.randint(1, 90))]
    content = _avro(SCHEMA, records, codec=choose.choice(["null", "deflate"]), sync_interval=choose.choice([50, 16000]))
    bench = Bench(tmp_path)
    summary = bench.score(content, batch_rows=choose.choice([1, 7, 10_000]))
    schema, found = _read(bench.target)
    assert (summary.scored, summary.input_format) == (len(records), Format.AVRO)
    totals = [(-1.0 if one["x"] is None else one["x"]) + (-1 if one["s"] is None else len(one["s"])) for one in records]
    assert found == [{**one, "total": total} for one, total in zip(records, totals, strict=True)]
    given = json.loads(fastavro.reader(io.BytesIO(content)).metadata["avro.schema"])  # type: ignore[index]
    assert schema == {
        **given,
        "fields": [*given["fields"], {"name": "total", "type": ["null", "double"], "default": None}],
    }


def test_rejected_records_leave_no_gap(tmp_path: Path) -> None:
    schema = {"type": "record", "name": "r", "fields": [{"name": name, "type": "string"} for name in ("x", "s")]}
    records = [{"x": "oops" if index % 3 == 0 else str(index), "s": "a" * index} for index in range(20)]
    bench = Bench(tmp_path)
    for size in (1, 7, 100):
        assert bench.score(_avro(schema, records), batch_rows=size).rejected == 7
        found = _read(bench.target)[1]
        assert found == [{**one, "total": 2.0 * int(one["x"])} for one in records if one["x"] != "oops"]
        assert [one["s"] for one in _read(bench.rejected)[1]] == [one["s"] for one in records if one["x"] == "oops"]


def test_a_file_without_records_has_the_same_schema(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    schemas = []
    for records in ([], [_record(random.Random(1))]):
        bench.score(_avro(SCHEMA, records))
        schemas.append(_read(bench.target)[0])
    assert schemas[0] == schemas[1]


def test_other_columns_than_all(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    records = [_record(random.Random(seed)) for seed in range(5)]
    bench.score(_avro(SCHEMA, records), output_columns=OutputColumns.IDS, id_columns=("a b", "s"))
    schema, found = _read(bench.target)
    assert [field["name"] for field in schema["fields"]] == ["a_b", "s", "total"]
    assert [one["s"] for one in found] == [one["s"] for one in records]


def test_a_name_of_avro_that_is_taken(tmp_path: Path) -> None:
    schema = {**SCHEMA, "fields": [*SCHEMA["fields"], {"name": "total", "type": "int", "dai.name": "to tal"}]}
    bench = Bench(tmp_path)
    bench.score(_avro(schema, [{**_record(random.Random(1)), "total": 7}]))
    (record,) = _read(bench.target)[1]
    assert len(record) == len(schema["fields"]) + 1
    assert 7 in record.values()
