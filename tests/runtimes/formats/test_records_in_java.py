"""JSON and Avro that Java reads itself are read as everywhere, or not at all."""

from __future__ import annotations

import io
import json
import random
from typing import Any

import fastavro
import numpy as np
import orjson
import pyarrow as pa
import pytest

from dai_scoring.formats import Declined
from dai_scoring.formats.avro.columns import plan_of
from dai_scoring.formats.avro.schema import fields_in
from dai_scoring.formats.records import AvroRecords, WantedFields
from dai_scoring.formats.text import nested_json
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import Scorer
from dai_scoring.values.coerce import coerce
from tests.support.value_cases import CASES, LITERALS, Case, Quick
from tests.support.value_cases.java import json_of, read_by_java

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("titanic_scorer")]

TEXT = Column("c0", ColumnType.STR)
NUMBER = Column("c0", ColumnType.FLOAT64)
IS_READ = {
    ColumnType.FLOAT64: [1, 2.5, -999, True, None, "3.14", "NA", "1.5"],
    ColumnType.FLOAT32: [7, 0.1, None, "0.1"],
    ColumnType.INT32: [5, 3.0, -999, True, None, "7"],
    ColumnType.INT64: [2**53 + 1, None, "9007199254740993"],
    ColumnType.BOOL: [True, False, None, "true", "0"],
    ColumnType.STR: [3, True, None, "a", 'q"\\\n\t/', "é", "NA", "", "x" * 100],
    ColumnType.TIME64: [None, "2024-02-29", "1969-12-31 23:59:59", "NA"],
}
"""What Java is to read of JSON, by type; Avro's floats in integers' columns too."""

_usual = [case for case in CASES if not case.column.required]


def _avro(values: list[Any], kind: Any) -> AvroRecords:
    """Records with a value and others around it."""
    schema = {
        "type": "record",
        "name": "r",
        "fields": [
            {"name": "before", "type": ["string", "null"]},
            {"name": "c0", "type": kind},
            {"name": "after", "type": "long"},
        ],
    }
    stream, ends = io.BytesIO(), []
    parsed = fastavro.parse_schema(schema)
    for index, value in enumerate(values):
        fastavro.schemaless_writer(stream, parsed, {"before": [None, "é"][index % 2], "c0": value, "after": index * 77})
        ends.append(stream.tell())
    plan = plan_of(schema, fields_in(schema, nested_json)[0], WantedFields({"c0": pa.string()}, frozenset()))
    assert not isinstance(plan, Declined)
    blocks = np.array([len(values)]), np.array([ends[-1]])
    return AvroRecords(pa.py_buffer(stream.getvalue()), len(values), plan.fields(), blocks)


def _same(found: pa.Array, expected: pa.Array) -> bool:
    # In arrays of numbers Java has NaN for a missing value.
    return [repr(None if value != value else value) for value in found.to_pylist()] == [
        repr(None if value != value else value) for value in expected.to_pylist()
    ]


def _meant(case: Case, found: list[pa.Array] | Declined) -> bool:
    if isinstance(found, Declined):
        return False
    (value,) = found[0].to_pylist()
    assert repr(None if value != value else value) == repr(case.meaning)
    return True


@pytest.mark.parametrize("kind", list(ColumnType))
def test_json_has_the_meaning_of_the_table_or_is_left(kind: ColumnType) -> None:
    cases = [case for case in _usual if case.kind is kind]
    read = [
        case for case in cases if _meant(case, read_by_java([case.column], json_of([orjson.dumps({"c0": case.value})])))
    ]
    # Java reads the same texts as in CSV.
    assert {id(case) for case in read} >= {id(case) for case in cases if case.is_text and case.quick & Quick.JAVA}


@pytest.mark.parametrize("kind", list(ColumnType))
def test_avro_has_the_meaning_of_the_table_or_is_left(kind: ColumnType) -> None:
    types = {str: "string", int: "long", float: "double", bool: "boolean", type(None): "string"}
    cases = [case for case in _usual if case.kind is kind]
    read = [
        case
        for case in cases
        if _meant(case, read_by_java([case.column], _avro([case.value], ["null", types[type(case.value)]])))
    ]
    assert {id(case) for case in read} >= {id(case) for case in cases if case.is_text and case.quick & Quick.JAVA}


@pytest.mark.parametrize("kind", list(ColumnType))
def test_usual_json_is_read(kind: ColumnType) -> None:
    column = Column("c0", kind, LITERALS)
    for value in IS_READ[kind]:
        found = read_by_java([column], json_of([json.dumps({"a": [1, {}], "c0": value}, ensure_ascii=False).encode()]))
        assert not isinstance(found, Declined), value
        assert _same(found[0], coerce(pa.array([value]), column)[0]), value


@pytest.mark.parametrize(
    ("kind", "column", "values"),
    [
        ("double", ColumnType.FLOAT64, [1.5, float("nan"), float("inf"), -0.0]),
        ("float", ColumnType.FLOAT64, [1.5, 0.10000000149011612]),
        ("double", ColumnType.FLOAT32, [0.1, 1e39]),
        ("long", ColumnType.FLOAT32, [16777217, 2**60 + 1]),
        ("int", ColumnType.INT32, [2**31 - 1, -5]),
        ("long", ColumnType.INT64, [2**62, -(2**62)]),
        ("double", ColumnType.INT32, [3.0, float("nan")]),
        ("boolean", ColumnType.BOOL, [True, False]),
        ("long", ColumnType.BOOL, [0, 1]),
        ("boolean", ColumnType.STR, [True]),
        ("long", ColumnType.STR, [12345678901]),
        ({"type": "enum", "name": "e", "symbols": ["a", "NA", "c"]}, ColumnType.STR, ["c", "NA"]),
        ({"type": "int", "logicalType": "date"}, ColumnType.TIME64, [-1, 20000]),
        ({"type": "long", "logicalType": "timestamp-millis"}, ColumnType.TIME64, [-1, 1514764800000]),
        ({"type": "long", "logicalType": "timestamp-micros"}, ColumnType.TIME64, [-1000, 1514764800000000]),
        ("long", ColumnType.TIME64, [1514764800000]),
    ],
    ids=str,
)
def test_types_of_avro_are_read(kind: Any, column: ColumnType, values: list[Any]) -> None:
    wanted = Column("c0", column, LITERALS)
    records = _avro(values, kind)
    found = read_by_java([wanted], records)
    assert not isinstance(found, Declined)
    given = pa.array(values, records.fields[1].kind)
    assert _same(found[0], coerce(given, wanted)[0])


def test_less_than_a_millisecond_is_left_and_so_are_times_elsewhere() -> None:
    micros = {"type": "long", "logicalType": "timestamp-micros"}
    assert isinstance(read_by_java([Column("c0", ColumnType.TIME64)], _avro([1], micros)), Declined)
    assert isinstance(read_by_java([NUMBER], _avro([1], micros)), Declined)


NOT_JSON = [
    b'{"c0":01}', b'{"c0":-}', b'{"c0":1.}', b'{"c0":.5}', b'{"c0":+1}', b'{"c0":1e}', b'{"c0":0x1}', b'{"c0":NaN}',
    b'{"c0":Infinity}', b'{"c0":1,}', b'{"c0":1 "b":2}', b'{"c0" 1}', b'{"c0":}', b'{c0:1}', b"{'c0':1}", b'{"c0":tru}',
    b'{"c0":1,"o":"\t"}', b'{"c0":1,"o":"\\x"}', b'{"c0":1,"o":"a}', b'{"c0":1,"o":[1,]}', b'{"c0":1,"o":[1 2]}',
    b'{"c0":1,"o":{"a"}}', b'{"c0":1,"o":{"a":1,}}', b'{"c0":1,"o":[}', b'{"c0":1,"o":nul}', b'{"c0":1,"o":-01}',
    b'{"c0":1,"o":{"a":1]}', b'{"c0":1,"o":falsee}', b'{"c0":1}}',
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_JSON, ids=bytes.decode)
def test_what_is_no_json_is_left(text: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(text)
    good = b'{"c0":1}'
    for objects in ([text], [good, text, good]):
        records = json_of(objects, between=b"}\n")
        assert isinstance(read_by_java([NUMBER], records), Declined)


@pytest.mark.parametrize(
    "text",
    [
        b'{"c0":1,"c0":2}',  # Which one counts is not clear.
        b'{"c\\u0030":1}',
        b'{"c0":1,"\\u0063":2}',
        b'{"c0":1,"predict":2}',  # The name of a prediction.
        b'{"c0":1,"_reject_code":"x"}',
        b'{"o":1}',
        b'{"c0":[1]}',
        b'{"c0":{"a":1}}',
        b'{"c0":"\\u0031"}',
        b'{"c0":1,"o":' + b"[" * 200 + b"]" * 200 + b"}",
    ],
    ids=lambda text: text.decode()[:40],
)
def test_what_needs_a_second_look_is_left(text: bytes) -> None:
    assert isinstance(read_by_java([NUMBER], json_of([text], absent=["predict"])), Declined)


def test_objects_may_have_their_names_in_any_order_and_space_around_them() -> None:
    objects = [
        b'{"c0":1,"c1":"a"}',
        b'{ "c1" :\t"b" , "o":{"c0":[{}],"x":"}\\n{"}, "c0" : -2e0}',
        b'{"c0":3}',
        b'{"c1":null,"c0":null}',
        b'{"o":[],"p":"","q":-0.5E+1}',
        b'{"c0":4,"c1":"d"}',
    ]
    numbers, texts = read_by_java([NUMBER, Column("c1", ColumnType.STR)], json_of(objects))
    assert [None if value != value else value for value in numbers.to_pylist()] == [1, -2, 3, None, None, 4]
    assert texts.to_pylist() == ["a", "b", None, None, None, "d"]


@pytest.mark.parametrize("between", [b"},", b"}, ", b"\n  },\n  ", b"}\n"])
def test_objects_end_where_they_were_cut(between: bytes) -> None:
    objects = [b'{"c0":%d}' % number for number in range(5)]
    records = json_of(objects, between=between)
    assert read_by_java([NUMBER], records)[0].to_pylist() == [0, 1, 2, 3, 4]
    # Two that were taken for one, one for two, and an end that is missing.
    for ends in (records.ends[1:], np.insert(records.ends, 1, records.ends[0] + 2), records.ends[:-1]):
        other = type(records)(records.data, between, ends, records.starts, records.fields)
        assert isinstance(read_by_java([NUMBER], other), Declined)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_json_is_read_as_a_parser_reads_it_or_left(seed: int) -> None:
    choose = random.Random(seed)
    columns = [NUMBER, Column("c1", ColumnType.STR), Column("c2", ColumnType.INT32)]
    text = b'{"c0": -12.5e1, "c1":"a\\"b \\\\ \xc3\xa9", "o":[{"p":null},"]"], "c2":70}'
    read = 0
    for _ in range(1500):
        data = bytearray(text)
        for _ in range(choose.randint(1, 2)):
            place = choose.randrange(len(data))
            data[place : place + choose.randint(0, 1)] = choose.choice(
                [b"", bytes([choose.randrange(128)]), bytes([choose.choice(b'"\\{}[],:0123456789.eE-+ tfn')])]
            )
        # What is cut into pieces is UTF-8.
        if b"}" not in data or b"\n" in data or b"\xc3\xa9" not in data:
            continue
        found = read_by_java(columns, json_of([bytes(data), text]))
        if isinstance(found, Declined):
            continue
        read += 1
        record = orjson.loads(data)
        for column, values in zip(columns, found, strict=True):
            expected, rejected = coerce(pa.array([record.get(column.name)]), column)
            assert rejected is None, data
            assert _same(values.slice(0, 1), expected), data
    assert read > 100


@pytest.mark.parametrize("seed", range(4))
def test_damaged_avro_is_read_as_fastavro_reads_it_or_left(seed: int) -> None:
    choose = random.Random(seed)
    schema = {
        "type": "record",
        "name": "r",
        "fields": [
            {"name": "c0", "type": ["null", "double"]},
            {"name": "o", "type": ["null", {"type": "fixed", "name": "f", "size": 3}]},
            {"name": "c1", "type": ["string", "null"]},
            {"name": "c2", "type": "int"},
            {"name": "p", "type": "bytes"},
        ],
    }
    columns = [NUMBER, Column("c1", ColumnType.STR), Column("c2", ColumnType.INT32)]
    row = {"c0": 2.5, "o": b"abc", "c1": "text é", "c2": -300, "p": b"12"}
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), row)
    plan = plan_of(
        schema, fields_in(schema, nested_json)[0], WantedFields({"c0": None, "c1": None, "c2": None}, frozenset())
    )
    assert not isinstance(plan, Declined)
    read = 0
    for _ in range(1500):
        data = bytearray(stream.getvalue())
        place = choose.randrange(len(data))
        data[place : place + choose.randint(0, 1)] = choose.choice([b"", bytes([choose.randrange(256)])])
        blocks = np.array([1]), np.array([len(data)])
        found = read_by_java(columns, AvroRecords(pa.py_buffer(bytes(data)), 1, plan.fields(), blocks))
        if isinstance(found, Declined):
            continue
        read += 1
        record = fastavro.schemaless_reader(io.BytesIO(data), fastavro.parse_schema(schema), None)
        for column, values in zip(columns, found, strict=True):
            expected, rejected = coerce(pa.array([record[column.name]]), column)
            assert rejected is None, data
            assert _same(values, expected), data
    assert read > 100


def test_the_scores_are_those_of_the_table(titanic_scorer: Scorer) -> None:
    rows = [
        {"pclass": 1 + n % 3, "sex": ["male", "female", None][n % 3], "age": [None, 22, 0.42][n % 3], "x": [n]}
        | {"ticket": f"A{n}", "fare": n * 1.25, "cabin": ["C1", "", None][n % 3]}
        for n in range(300)
    ]
    found = titanic_scorer.predict_records(json_of([orjson.dumps(row) for row in rows]))
    assert not isinstance(found, Declined)
    expected = titanic_scorer.score(pa.Table.from_pylist(rows))
    assert found.predictions.equals(expected.predictions)
