"""Values of every Arrow type read as every type of model column."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dai_scoring.coerce import coerce
from dai_scoring.schema import Column, ColumnType

LITERALS = frozenset({"", "NA", "nan", "inf", "?", "-999"})
UTC = dt.timezone.utc


def read(values: Any, kind: ColumnType, arrow: pa.DataType | None = None) -> tuple[list[Any], dict[int, str]]:
    array = values if isinstance(values, pa.Array) else pa.array(values, arrow)
    result, complaint = coerce(array, Column("c", kind, LITERALS))
    assert result.type == kind.arrow
    assert len(result) == len(array)
    bad = {} if complaint is None else {int(i): complaint.code(int(i)) for i in np.flatnonzero(complaint.bad)}
    return result.to_pylist(), bad


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0),
        (" 2 ", 2.0),
        ("+3", 3.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.5e-3", -0.0005),
        ("true", 1.0),
    ],
)
def test_numbers_in_text(text: str, number: float) -> None:
    assert read([text, "x"], ColumnType.FLOAT64) == ([number, None], {1: "not_a_number"})
    assert read([text], ColumnType.FLOAT64) == ([number], {})


@pytest.mark.parametrize("text", ["", " ", "NA", "nan", "NaN", "inf", "?", "-999", None])
def test_missing_literals_are_missing_with_and_without_a_bad_neighbour(text: str | None) -> None:
    assert read(["1", text], ColumnType.FLOAT64) == ([1.0, None], {})
    assert read(["abc", text], ColumnType.FLOAT64) == ([None, None], {0: "not_a_number"})


@pytest.mark.parametrize("text", ["abc", "1.5f", "0x10", "1_000", "1,5", "1 2", "--1", "1e", "2018-01-01"])
def test_text_that_is_no_number_is_named(text: str) -> None:
    assert read([text], ColumnType.FLOAT32) == ([None], {0: "not_a_number"})


def test_single_precision_is_rounded_from_double_precision() -> None:
    text = "0.1000000014901161193847656250000001"
    assert read([text], ColumnType.FLOAT32)[0] == [float(np.float32(float(text)))]


def test_integers_keep_every_digit_and_their_limits() -> None:
    texts = ["9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "3.0", "2.5"]
    values, bad = read(texts, ColumnType.INT64)
    assert values == [9007199254740993, 2**63 - 1, None, None, 3, None]
    assert bad == {2: "out_of_range", 3: "out_of_range", 5: "not_an_integer"}
    assert read([2**31 - 1, 2**31, -(2**31)], ColumnType.INT32) == (
        [2**31 - 1, None, None],
        {1: "out_of_range", 2: "out_of_range"},
    )
    assert read([2**63, 1], ColumnType.INT64, pa.uint64()) == ([None, 1], {0: "out_of_range"})


def test_integers_from_floats() -> None:
    values, bad = read([1.0, 2.5, float("nan"), 1e300, None], ColumnType.INT64)
    assert values == [1, None, None, None, None]
    assert bad == {1: "not_an_integer", 3: "out_of_range"}


def test_booleans() -> None:
    values, bad = read(["true", "F", "1", "0.0", "2", "", " yes", None], ColumnType.BOOL)
    assert values == [True, False, True, False, None, None, True, None]
    assert bad == {4: "not_a_boolean"}
    assert read([0, 1, 2, None], ColumnType.BOOL) == ([False, True, None, None], {2: "not_a_boolean"})
    assert read([True, None], ColumnType.FLOAT64) == ([1.0, None], {})


def test_text_columns_take_other_types_as_their_levels() -> None:
    assert read([3, None], ColumnType.STR)[0] == ["3", None]
    assert read([3.0, 2.5, float("nan")], ColumnType.STR)[0] == ["3", "2.5", None]
    assert read([True], ColumnType.STR)[0] == ["true"]
    assert read([Decimal("1.50")], ColumnType.STR)[0] == ["1.50"]
    assert read(["NA", " x ", ""], ColumnType.STR)[0] == [None, " x ", None]
    assert read(pa.array(["a", None, "a"]).dictionary_encode(), ColumnType.STR)[0] == ["a", None, "a"]
    assert read([b"a", b"\xff"], ColumnType.STR) == (["a", None], {1: "not_text"})


def test_json_texts_of_several_types() -> None:
    storage = pa.array(['"x"', "3", "3.0", "true", '{"a":1}', "[1]", None, "null", '"4"'])
    mixed = pa.ExtensionArray.from_storage(pa.json_(pa.string()), storage)
    assert read(mixed, ColumnType.STR) == (
        ["x", "3", "3", "true", None, None, None, None, "4"],
        {4: "nested", 5: "nested"},
    )
    values, bad = read(mixed, ColumnType.FLOAT64)
    assert values == [None, 3.0, 3.0, 1.0, None, None, None, None, 4.0]
    assert bad == {0: "not_a_number", 4: "nested", 5: "nested"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-01-02", dt.datetime(2018, 1, 2)),
        ("2018-01-02T03:04:05Z", dt.datetime(2018, 1, 2, 3, 4, 5)),
        ("2018-01-02 03:04", dt.datetime(2018, 1, 2, 3, 4)),
        ("2018-01-02T03:04:05.1234567+02:00", dt.datetime(2018, 1, 2, 1, 4, 5, 123000)),
        ("2018-01-02T03:04:05-0330", dt.datetime(2018, 1, 2, 6, 34, 5)),
        ("1800-01-01", dt.datetime(1800, 1, 1)),
    ],
)
def test_iso_times(text: str, expected: dt.datetime) -> None:
    assert read([text, None], ColumnType.TIME64) == ([expected, None], {})
    assert read([text, "2018-02-30"], ColumnType.TIME64) == ([expected, None], {1: "not_a_date"})


def test_times_of_other_types() -> None:
    assert read([dt.date(2020, 1, 2), None], ColumnType.TIME64)[0] == [dt.datetime(2020, 1, 2), None]
    assert read([dt.datetime(2020, 1, 1, 5, tzinfo=UTC)], ColumnType.TIME64)[0] == [dt.datetime(2020, 1, 1, 5)]
    assert read([1514764800000], ColumnType.TIME64)[0] == [dt.datetime(2018, 1, 1)]
    assert read(["2018-1-2", "soon", "1.5"], ColumnType.TIME64)[1] == dict.fromkeys(range(3), "not_a_date")


def test_a_form_of_the_models_own_is_tried_for_other_dates() -> None:
    def american(column: str, text: str) -> int | None:
        assert column == "c"
        try:
            return int(dt.datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=UTC).timestamp() * 1000)
        except ValueError:
            return None

    result, complaint = coerce(
        pa.array(["12/31/2017", "2018-01-01", "31/12/2017"]), Column("c", ColumnType.TIME64), american
    )
    assert result.to_pylist() == [dt.datetime(2017, 12, 31), dt.datetime(2018, 1, 1), None]
    assert complaint is not None
    assert complaint.bad.tolist() == [False, False, True]


def test_what_has_no_form_in_the_column_is_named() -> None:
    assert read([[1], None], ColumnType.FLOAT32) == ([None, None], {0: "nested"})
    assert read([{"a": 1}], ColumnType.STR) == ([None], {0: "nested"})
    assert read([dt.datetime(2020, 1, 1)], ColumnType.FLOAT32) == ([None], {0: "wrong_type"})


@pytest.mark.parametrize("kind", list(ColumnType))
def test_nothing_and_nulls_in_every_type(kind: ColumnType) -> None:
    for arrow in (pa.string(), pa.null(), pa.int64(), pa.float32(), pa.bool_()):
        assert read(pa.array([], arrow), kind) == ([], {})
        assert read(pa.nulls(2, arrow), kind) == ([None, None], {})


def test_a_level_that_came_as_a_double_has_all_its_digits() -> None:
    """Arrow's own text of the first is 1.2345678901e+10."""
    values = [12345678901.0, -1e15, 3.0, 0.5, None, float("nan")]
    assert read(values, ColumnType.STR) == (["12345678901", "-1000000000000000", "3", "0.5", None, None], {})


def test_text_in_types_that_arrow_has_beside_strings() -> None:
    uuid = pa.array([b"\xff123456789abcdef"], pa.uuid())
    assert read(uuid, ColumnType.STR) == (["ff313233-3435-3637-3839-616263646566"], {})
    assert read([b"1.5", None], ColumnType.FLOAT64, pa.binary_view()) == ([1.5, None], {})
    encoded = pa.RunEndEncodedArray.from_arrays([2, 3], [1.5, 2.5])
    assert read(encoded, ColumnType.FLOAT64) == ([1.5, 1.5, 2.5], {})


def test_what_arrow_cannot_convert_is_named_too() -> None:
    assert read([2**64 - 1, 0], ColumnType.TIME64, pa.uint64())[1] == {0: "not_a_date"}
    assert read([(1, 2, 3)], ColumnType.STR, pa.month_day_nano_interval()) == ([None], {0: "wrong_type"})
    assert read([1], ColumnType.STR, pa.timestamp("s", "No/Where")) == ([None], {0: "wrong_type"})
    assert read([float("nan"), 1.5], ColumnType.TIME64) == ([None, None], {1: "not_a_date"})
    # As milliseconds they would begin again on the other side.
    assert read([10**16, -(10**16), None], ColumnType.TIME64, pa.timestamp("s")) == (
        [None, None, None],
        {0: "out_of_range", 1: "out_of_range"},
    )
