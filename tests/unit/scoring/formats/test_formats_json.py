from __future__ import annotations

import json
import math
import random
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pytest

from dai_scoring.errors import ContentError
from dai_scoring.formats import Format, is_json_text
from dai_scoring.formats.json import split as json_split

ARRAY, LINES = Format.JSON_ARRAY, Format.JSON_LINES
JSON = pa.json_(pa.string())


def restored(content: Any) -> list[dict[str, Any]]:
    """Rows with JSON text parsed again."""
    rows = []
    for table in content.tables:
        kinds = {field.name: field.type for field in table.schema}
        for row in table.to_pylist():
            rows.append({k: json.loads(v) if is_json_text(kinds[k]) and v is not None else v for k, v in row.items()})
    return rows


def same(left: Any, right: Any) -> bool:
    """Equal, with 3 and 3.0 and True told apart."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def without_nulls(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


@pytest.mark.parametrize("fmt", [ARRAY, LINES])
@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \n\r\n"])
def test_empty(read: Any, fmt: Format, data: bytes) -> None:
    content = read(data, fmt)
    assert content.tables == []
    assert content.reader.schema is None


@pytest.mark.parametrize("data", [b"[]", b" [ \n ] \n", b"\xef\xbb\xbf[]"])
def test_empty_array(read: Any, data: bytes) -> None:
    assert read(data, ARRAY).tables == []
    assert read(data, ARRAY, fixed_schema=True).tables == []


@pytest.mark.parametrize("fmt", [ARRAY, LINES])
def test_objects_without_keys_are_rows(read: Any, write: Any, fmt: Format) -> None:
    content = read(b"[{},{}]" if fmt is ARRAY else b"{}\n{}\n", fmt)
    assert content.tables[0].num_rows == 2
    assert orjson.loads(b"[" + write(ARRAY, content.tables[0])[1:-1] + b"]") == [{}, {}]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ([True, None], pa.bool_()),
        ([1, None, -(2**63), 2**63 - 1], pa.int64()),
        ([1.0, 2.5, None], pa.float64()),
        (["", "x", None], pa.string()),
        ([None, None], pa.null()),
        ([1, 2.0], JSON),
        ([1, True], JSON),
        ([1, "1"], JSON),
        ([[1], {"a": None}, None], JSON),
        ([2**63], JSON),
        ([-(2**63) - 1], JSON),
        ([12345678901234567890123], JSON),
        ([{"deep": [12345678901234567890123]}], JSON),
        ([0.012345678901234567, 1e300, 5e-324, -0.0], pa.float64()),
    ],
)
@pytest.mark.parametrize("fmt", [ARRAY, LINES])
def test_types_keep_values(read: Any, write: Any, fmt: Format, column: list[Any], kind: Any) -> None:
    rows = [{"x": value} for value in column]
    data = json.dumps(rows) if fmt is ARRAY else "\n".join(map(json.dumps, rows))
    content = read(data.encode(), fmt)
    assert content.tables[0].schema.field("x").type == kind
    assert same(restored(content), rows)
    written = write(fmt, *content.tables).decode()
    again = json.loads(written) if fmt is ARRAY else [json.loads(line) for line in written.splitlines()]
    assert same(again, rows)


def test_columns_in_order_of_first_appearance(read: Any) -> None:
    content = read(b'[{"b":1},{"a":2,"b":3},{"c":null}]', ARRAY)
    assert content.tables[0].schema.names == ["b", "a", "c"]
    assert content.rows[0] == {"b": 1, "a": None, "c": None}


def test_last_of_duplicate_keys_wins(read: Any) -> None:
    assert read(b'[{"a":1,"a":2}]', ARRAY).rows == [{"a": 2}]


def test_lone_object_is_one_row(read: Any) -> None:
    content = read(b' {\n "a": [1, 2],\n "b": "}"\n}\n', ARRAY)
    assert restored(content) == [{"a": [1, 2], "b": "}"}]
    assert content.reader.single is True
    assert read(b"[{}]", ARRAY).reader.single is False


NESTED = [
    {"a": 1, "b": [{"c": "},{"}, {"d": '\\"],['}], "e": "\\"},
    {"a": {"x": {}}, "b": [], "f": ", é\u2028"},
    {},
    {"a": None, "g": '"'},
]


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("rows", [1, 2, 100])
def test_cuts_at_every_byte(read: Any, monkeypatch: pytest.MonkeyPatch, indent: int | None, rows: int) -> None:
    data = json.dumps(NESTED, indent=indent).encode()
    spread = "\n".join(json.dumps(row, indent=indent) for row in NESTED).encode()
    for block in range(1, len(data) + 1, 1 if rows == 2 else 7):
        monkeypatch.setattr(json_split, "BLOCK", block)
        assert without_nulls(restored(read(data, ARRAY, chunk_rows=rows))) == without_nulls(NESTED)
        assert without_nulls(restored(read(spread, ARRAY, chunk_rows=rows))) == without_nulls(NESTED)
        if indent is None:
            assert without_nulls(restored(read(spread, LINES, chunk_rows=rows))) == without_nulls(NESTED)


@pytest.mark.parametrize("fmt", [ARRAY, LINES])
def test_content_that_stops_at_any_byte_is_an_error(read: Any, fmt: Format) -> None:
    rows = NESTED[:2]
    data = json.dumps(rows) if fmt is ARRAY else "\n".join(map(json.dumps, rows))
    whole = data.encode()
    fine = {0} if fmt is ARRAY else {0, whole.index(b"\n"), whole.index(b"\n") + 1}
    for size in range(len(whole)):
        if size in fine:
            read(whole[:size], fmt)
        else:
            with pytest.raises(ContentError):
                read(whole[:size], fmt)


@pytest.mark.parametrize("chunk_rows", [1, 2, 50])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'[{"a":1},{"a":2},{"a"', "middle of the JSON array, after element 2"),
        (b'[{"a":1},5]', "element 2 is a number, not an object"),
        (b'[{"a":1},null]', "element 2 is null"),
        (b'["x"]', "element 1 is a string"),
        (b'[{"a":1},[]]', "element 2 is an array"),
        (b'[{"a":1}] x', "after the end of the JSON array"),
        (b'[{"a":1}][]', "after the end of the JSON array"),
        (b'[{"a":1},]', "element 2 of the JSON is missing"),
        (b'[{"a":1},,{}]', "element 2 of the JSON is missing"),
        (b"[,{}]", "element 1 of the JSON is missing"),
        (b'[{"a":1},{"a":NaN}]', "element 2 .* no NaN; write null"),
        (b'[{"a":-Infinity}]', "no -Infinity"),
        (b'[{"a":1},{"a":tru}]', "element 2 is not valid JSON"),
        (b'[{"a":"\xff"}]', "byte 0xFF at line 1 "),
        (b"hello", "neither"),
        (b'{"a":1} x', "not an object"),
        (b'{"a":1}\n{"a":', "middle of JSON object 2"),
    ],
)
def test_errors_of_arrays(read: Any, data: bytes, message: str, chunk_rows: int) -> None:
    with pytest.raises(ContentError, match=message):
        read(data, ARRAY, chunk_rows=chunk_rows)


@pytest.mark.parametrize("chunk_rows", [1, 2, 50])
def test_bad_lines_are_malformed_rows(read: Any, chunk_rows: int) -> None:
    data = b'oops\n{"a":1}\r\n{"a":\n\n 5 \n{"a":NaN}\n[{"a":1}]\n{"a":3},{"a":4}\n{"a":2}'
    content = read(data, LINES, chunk_rows=chunk_rows)
    assert [row.get("a") for row in content.rows] == [None, 1, None, None, None, None, None, 2]
    assert content.bad == [
        (0, "oops"),
        (2, '{"a":'),
        (3, "5"),
        (4, '{"a":NaN}'),
        (5, '[{"a":1}]'),
        (6, '{"a":3},{"a":4}'),
    ]


@pytest.mark.parametrize("chunk_rows", [1, 50])
def test_last_line_cut_off(read: Any, chunk_rows: int) -> None:
    with pytest.raises(ContentError, match="middle of record 2"):
        read(b'{"a":1}\n{"a":2', LINES, chunk_rows=chunk_rows)


@pytest.mark.parametrize("data", [b'{"a":1}{"a":2}', b'{\n"a":\n1}\n{"a":2}\n', b'{"a":1} {"a":2}\n'])
def test_objects_not_one_a_line(read: Any, data: bytes) -> None:
    assert read(data, LINES).rows == [{"a": 1}, {"a": 2}]


def test_element_larger_than_blocks(read: Any) -> None:
    big = {"a": ['x"\\},{', [1, {"b": "y" * 1000}]] * 5000}
    assert restored(read(json.dumps([{"a": 0}, big, {"a": 1}]).encode(), ARRAY)) == [{"a": 0}, big, {"a": 1}]
    assert restored(read(json.dumps(big).encode() + b"\n{}", LINES)) == [big, {"a": None}]


def random_value(choose: random.Random, depth: int = 0) -> Any:
    kind = choose.randint(0, 7 if depth < 2 else 5)
    if kind == 0:
        return None
    if kind == 1:
        return choose.random() < 0.5
    if kind == 2:
        return choose.randint(-(10 ** choose.randint(1, 25)), 10 ** choose.randint(1, 25))
    if kind in (3, 4):
        return choose.choice([choose.gauss(0, 1), float(choose.randint(-9, 9)), choose.random() * 1e300])
    if kind == 5:
        return "".join(choose.choices(['"', "\\", "{", "}", ",", "é", "\n", "\x01", "😀", "a"], k=5))
    if kind == 6:
        return [random_value(choose, depth + 1) for _ in range(choose.randint(0, 3))]
    return {f"k{i}": random_value(choose, depth + 1) for i in range(choose.randint(0, 3))}


@pytest.mark.parametrize("seed", range(40))
def test_random_records_pass_unchanged(read: Any, write: Any, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    choose = random.Random(seed)
    monkeypatch.setattr(json_split, "BLOCK", choose.choice([1, 10, 100, 10_000]))
    rows = [
        {name: random_value(choose) for name in ("a", "b b", 'c"', "é") if choose.random() < 0.8}
        for _ in range(choose.randint(1, 40))
    ]
    ascii_only = choose.random() < 0.5
    array = json.dumps(rows, ensure_ascii=ascii_only, indent=choose.choice([None, 1])).encode()
    lines = b"".join(json.dumps(row, ensure_ascii=ascii_only).encode() + b"\n" for row in rows)
    for fmt, data in ((ARRAY, array), (LINES, lines)):
        content = read(data, fmt, chunk_rows=choose.choice([1, 7, 100]))
        assert same(without_nulls(restored(content)), without_nulls(rows))
        written = write(fmt, *content.tables)
        back = json.loads(written) if fmt is ARRAY else [json.loads(x) for x in written.splitlines()]
        assert same(without_nulls(back), without_nulls(rows))


def test_fixed_schema_unites_chunks(read: Any) -> None:
    rows = [
        {"i": 1, "f": 1, "s": None, "m": 1, "l": 2**60, "b": None},
        {"i": None, "f": 2.5, "s": "x", "m": "1", "l": 1.5, "n": None},
        {"i": 2**60, "f": 3, "s": "y", "m": True, "l": 1},
    ]
    data = json.dumps(rows).encode()
    expected = {
        "i": pa.int64(),
        "f": pa.float64(),
        "s": pa.string(),
        "m": JSON,
        "l": JSON,
        "b": pa.null(),
        "n": pa.null(),
    }
    for chunk_rows in (1, 2, 3):
        content = read(data, ARRAY, chunk_rows=chunk_rows, fixed_schema=True)
        assert content.reader.schema == pa.schema(expected.items())
        assert all(table.schema == content.reader.schema for table in content.tables)
        assert [row["f"] for row in content.rows] == [1.0, 2.5, 3.0]
        assert [row["l"] for row in content.rows] == [str(2**60), "1.5", "1"]


def test_other_character_set(read: Any) -> None:
    data = '[{"é":"ü"}]'
    assert read(data.encode("latin-1"), ARRAY, charset="latin-1").rows == [{"é": "ü"}]
    assert read(data.encode("utf-16"), ARRAY).rows == [{"é": "ü"}]


def test_written_text(write: Any) -> None:
    table = pa.table(
        {
            "f": pa.array([0.6160246, float("nan")], pa.float32()),
            "d": pa.array([Decimal("1.50"), None]),
            "x": [3.0, math.inf],
            "s": ['a"\n\x7f', None],
            "j": pa.ExtensionArray.from_storage(JSON, pa.array(['{"k": 1.00}', None])),
        }
    )
    lines = (
        '{"f":0.6160246133804321,"d":1.50,"x":3.0,"s":"a\\"\\n\x7f","j":{"k": 1.00}}',
        '{"f":null,"d":null,"x":null,"s":null,"j":null}',
    )
    assert write(LINES, table).decode() == "\n".join(lines) + "\n"
    assert write(ARRAY, table.slice(0, 0), table).decode() == "[" + ",\n".join(lines) + "]"
    assert write(ARRAY, table.slice(0, 0)) == b"[]"
    assert write(LINES, table.slice(0, 0)) == b""
