"""Values of Arrow types read as types of model columns; texts and values of JSON are in the table of cases."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dai_scoring.schema import Column, ColumnType
from dai_scoring.values.coerce import coerce

LITERALS = frozenset({"", "NA", "nan", "inf", "?", "-999"})
UTC = dt.timezone.utc


def read(values: Any, kind: ColumnType, arrow: pa.DataType | None = None) -> tuple[list[Any], dict[int, str]]:
    array = values if isinstance(values, pa.Array) else pa.array(values, arrow)
    result, rejected = coerce(array, Column("c", kind, LITERALS))
    assert result.type == kind.arrow
    assert len(result) == len(array)
    bad = {} if rejected is None else {int(i): rejected.code(int(i)) for i in np.flatnonzero(rejected.bad)}
    return result.to_pylist(), bad


def test_numbers_of_types_that_json_lacks() -> None:
    assert read([2**63, 1], ColumnType.INT64, pa.uint64()) == ([None, 1], {0: "out_of_range"})
    values, bad = read([1.0, 2.5, float("nan"), 1e300, None], ColumnType.INT64)
    assert values == [1, None, None, None, None]
    assert bad == {1: "not_an_integer", 3: "out_of_range"}
    # The smallest number means a missing value to Java's runtime.
    assert read([2**31 - 1, -(2**31)], ColumnType.INT32) == ([2**31 - 1, None], {1: "out_of_range"})


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


def test_times_of_other_types() -> None:
    assert read([dt.date(2020, 1, 2), None], ColumnType.TIME64)[0] == [dt.datetime(2020, 1, 2), None]
    assert read([dt.datetime(2020, 1, 1, 5, tzinfo=UTC)], ColumnType.TIME64)[0] == [dt.datetime(2020, 1, 1, 5)]


def test_a_form_of_the_models_own_is_tried_for_other_dates() -> None:
    def american(column: str, text: str) -> int | None:
        assert column == "c"
        try:
            return int(dt.datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=UTC).timestamp() * 1000)
        except ValueError:
            return None

    result, rejected = coerce(
        pa.array(["12/31/2017", "2018-01-01", "31/12/2017"]), Column("c", ColumnType.TIME64), american
    )
    assert result.to_pylist() == [dt.datetime(2017, 12, 31), dt.datetime(2018, 1, 1), None]
    assert rejected is not None
    assert rejected.bad.tolist() == [False, False, True]


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
