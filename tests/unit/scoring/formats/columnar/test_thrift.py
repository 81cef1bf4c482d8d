"""Structs of Thrift's compact protocol are taken apart and put together again, byte for byte."""

from __future__ import annotations

import io
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.formats.columnar import thrift
from dai_scoring.formats.columnar.thrift import ProtocolError, read_struct

# As the protocol describes it: the number of a field as a step, and its type; 0 ends a struct.
INTEGER = b"\x15\x0e"  # field 1: i32, 7
FAR = b"\x06\xc8\x01\x03"  # field 100, after a step that is too wide: i64, -2
TEXT = b"\x18\x02hi"  # a step of 1: "hi"
TRUTHS = b"\x29\x21\x01\x02"  # a step of 2: a list of two truth values
PAIRS = b"\x1b\x01\x85\x01a\x02"  # a step of 1: a map of one binary to an i32
NOTHING = b"\x1b\x00"  # a step of 1: a map of nothing
INNER = b"\x1c\x15\x02\x00"  # a step of 1: a struct with 1 in field 1
INNERS = b"\x19\x2c\x15\x02\x00\x15\x04\x00"  # a step of 1: a list of two such structs


def test_fields_are_read() -> None:
    struct, end = read_struct(INTEGER + TEXT + b"\x06\xc8\x01\x03" + b"\0 more", 0, {})
    assert (struct.integer(1, thrift.I32), struct.raw(2, thrift.BINARY), struct.needed(100)) == (7, b"\x02hi", -2)
    assert end == len(INTEGER + TEXT + FAR) + 1
    assert struct.integer(1) is None  # it is of another type
    assert struct.integer(3) is None
    with pytest.raises(ProtocolError):
        struct.needed(1)


def test_what_is_not_asked_for_stays_as_it_is() -> None:
    data = INTEGER + TRUTHS + PAIRS + NOTHING + INNER + INNERS + b"\0"
    struct, end = read_struct(data, 0, {})
    assert end == len(data)
    assert struct.encoded() == data
    struct.set_integer(200, 300)
    struct.drop(3)
    assert read_struct(struct.encoded(), 0, {})[0].needed(200) == 300
    assert read_struct(struct.encoded(), 0, {})[0].fields.keys() == {1, 4, 5, 6, 7, 200}


def test_structs_within_are_read_where_they_are_asked_for() -> None:
    data = INNER + INNERS + INNERS + b"\0"
    struct, _ = read_struct(data, 0, {1: {}, 2: {}, 3: None})
    assert struct.struct(1).integer(1, thrift.I32) == 1
    assert [one.integer(1, thrift.I32) for one in struct.elements(2)] == [1, 2]
    assert struct.elements(3) == [b"\x15\x02\x00", b"\x15\x04\x00"]
    assert struct.encoded() == data
    for wrong in (2, 4):
        with pytest.raises(ProtocolError):
            struct.struct(wrong)
    with pytest.raises(ProtocolError):
        struct.elements(1)


@pytest.mark.parametrize("count", [0, 1, 14, 15, 16, 300])
def test_lists_of_any_length(count: int) -> None:
    struct = read_struct(b"\0", 0, {})[0]
    struct.fields[1] = (thrift.LIST, [b"\0"] * count)
    assert len(read_struct(struct.encoded(), 0, {1: {}})[0].elements(1)) == count


@pytest.mark.parametrize(
    "data",
    [
        b"",
        INTEGER,
        TEXT[:2] + b"\0",
        b"\x18\xff\xff\xff\xff\x0fhi\0",
        b"\x15" + b"\xff" * 11 + b"\0",
        b"\x1e\0",
        b"\x05\x03\x02\x00",
        b"\x15\x02\x05\x02\x02\0",
        b"\x1c" * 40 + b"\0" * 41,
        b"\x19\xf8\xff\xff\xff\xff\x7f\0",
        b"\x19\xf1\xff\xff\xff\xff\x7f\0",
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_struct(data, 0, {})[0].integer(1, thrift.I32)


def test_a_footer_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": [1.5] * 100, "y": ["a", "b"] * 50}), path, row_group_size=40)
    data = path.read_bytes()
    footer = data[-8 - int.from_bytes(data[-8:-4], "little") : -8]
    struct, end = read_struct(footer, 0, {4: {1: {3: {}}}})
    assert (end, struct.needed(3), struct.encoded()) == (len(footer), 100, footer)
    assert [group.needed(3) for group in struct.elements(4)] == [40, 40, 20]


def test_damaged_footers_are_refused_or_read(tmp_path: Path) -> None:
    """Never with another error, and never without an end."""
    file = io.BytesIO()
    pq.write_table(pa.table({"x": [1.5] * 100, "y": [["a"], []] * 50}), file, row_group_size=40)
    data = file.getvalue()
    footer = data[-8 - int.from_bytes(data[-8:-4], "little") : -8]
    random = Random(7)
    for _ in range(3000):
        damaged = bytearray(footer)
        for _ in range(random.choice((1, 1, 2, 8))):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        try:
            struct, _ = read_struct(bytes(damaged), 0, {2: None, 4: {1: {3: {}}}, 7: None})
        except ProtocolError:
            continue
        struct.encoded()
