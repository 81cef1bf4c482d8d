"""What a DataFrame's columns become: the values that they have in a file."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dai_scoring.errors import ContentError
from dai_scoring.frames import to_table
from dai_scoring.schema import Column, ColumnType
from dai_scoring.values import coerce

NAN = float("nan")


def read(pd: Any, values: Any, kind: ColumnType) -> tuple[list[object], list[str]]:
    """The values as a model's column of that type, and why some are rejected."""
    table = to_table(pd.DataFrame({"x": values(pd) if callable(values) else values}), ["x"])
    column = pa.concat_arrays(table.column("x").chunks)
    found, rejected = coerce.coerce(column, Column("x", kind, frozenset({""})))
    bad = [] if rejected is None else [rejected.code(row) for row in np.flatnonzero(rejected.bad)]
    return found.to_pylist(), bad


def objects(*values: object) -> Callable[[Any], Any]:
    """A column of Python objects."""
    return lambda pd: pd.Series(
        [getattr(pd, value.name) if isinstance(value, Of) else value for value in values], dtype=object
    )


@dataclass(frozen=True)
class Of:
    """One of pandas' own values."""

    name: str


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1.5, NAN, 3.0], [1.5, None, 3.0]),
        (lambda pd: pd.array([1, None, 3], dtype="Int64"), [1.0, None, 3.0]),
        (lambda pd: pd.arrays.SparseArray([0.0, NAN, 1.0]), [0.0, None, 1.0]),
        (objects(1, NAN, Decimal("2.5")), [1.0, None, 2.5]),
        (objects(1, "2.5", None), [1.0, 2.5, None]),
        (objects(np.float32(0.5), " 7 ", Of("NA")), [0.5, 7.0, None]),
        (lambda pd: pd.Categorical([3, 1, None]), [3.0, 1.0, None]),
        (objects(2**70, 1, None), [float(2**70), 1.0, None]),
        (objects("1e3", float("inf"), Of("NaT")), [1000.0, float("inf"), None]),
    ],
)
def test_numbers(pd: Any, values: Any, wanted: list[object]) -> None:
    assert read(pd, values, ColumnType.FLOAT64) == (wanted, [])


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["a", None, "c"], ["a", None, "c"]),
        (lambda pd: pd.Categorical(["u", None, "v"]), ["u", None, "v"]),
        (lambda pd: pd.array(["a", pd.NA, "c"], dtype="string"), ["a", None, "c"]),
        ([3.0, NAN, 4.5], ["3", None, "4.5"]),
        (objects(1, "a", NAN), ["1", "a", None]),
        (objects(True, 1, None), ["true", "1", None]),
        (objects(True, NAN, False), ["true", None, "false"]),
        (objects(np.int32(1), False), ["1", "false"]),
        (objects(b"bytes", "text", None), ["bytes", "text", None]),
        (objects("ü", 1, '"'), ["ü", "1", '"']),
        (lambda pd: pd.period_range("2020-01", periods=2, freq="M"), ["2020-01", "2020-02"]),
        (lambda pd: pd.cut([1, 3], [0, 2, 4]), ["(0, 2]", "(2, 4]"]),
        (objects(uuid.UUID(int=7), 1), ["00000000-0000-0000-0000-000000000007", "1"]),
        (objects(np.datetime64("2020-01-02"), "a"), ["2020-01-02", "a"]),
    ],
)
def test_texts(pd: Any, values: Any, wanted: list[object]) -> None:
    assert read(pd, values, ColumnType.STR) == (wanted, [])


@pytest.mark.parametrize(
    "values",
    [
        lambda pd: pd.to_datetime(["2020-02-03", None]),
        lambda pd: pd.to_datetime(["2020-02-03T01:00", None]).tz_localize("Europe/Paris"),
        lambda pd: pd.to_datetime(["2020-02-03T01:00+01:00", None]),
        objects(date(2020, 2, 3), None),
        lambda pd: pd.Series([pd.Timestamp("2020-02-03"), NAN], dtype=object),
        objects("2020-02-03", Of("NaT")),
        objects("2020-02-03"),
    ],
)
def test_times(pd: Any, values: Any) -> None:
    found, bad = read(pd, values, ColumnType.TIME64)
    assert (found[0], bad) == (datetime(2020, 2, 3), [])
    assert found[1:] in ([], [None])


def test_a_value_that_does_not_fit_rejects_its_row_alone(pd: Any) -> None:
    assert read(pd, objects(1, "x", [1], {"a": 1}, True), ColumnType.FLOAT64) == (
        [1.0, None, None, None, 1.0],
        ["not_a_number", "nested", "nested"],
    )
    assert read(pd, objects("ok", "\ud800", b"\xff"), ColumnType.STR) == (["ok", None, None], ["not_text", "not_text"])
    assert read(pd, objects([1], None), ColumnType.STR) == ([None, None], ["nested"])


def test_columns_are_found_by_name_and_others_are_not_looked_at(pd: Any) -> None:
    frame = pd.DataFrame({"x": [1, 2], 3: ["a", "b"], "other": [object(), object()]}, index=[7, 7])
    table = to_table(frame, ["x", "3"])
    assert table.schema.names == ["x", "3", "other"]
    assert table.column("3").to_pylist() == ["a", "b"]
    assert table.column("other").null_count == 2
    assert to_table(frame[:0], ["x"]).num_rows == 0


def test_what_is_no_table_of_columns_with_names(pd: Any) -> None:
    with pytest.raises(ContentError, match="2 columns have the name x"):
        to_table(pd.DataFrame([[1, 2]], columns=["x", "x"]), ["x"])
    with pytest.raises(TypeError, match=r"pandas or polars is scored, not dict\. pyarrow\.Table\.from_pylist makes"):
        to_table({"x": [1]}, ["x"])
    with pytest.raises(TypeError, match=r"is scored, not pandas\.Series"):
        to_table(pd.Series([1], name="x"), ["x"])


class Frame:
    """A DataFrame that gives its columns to Arrow, as those of polars do."""

    def __init__(self, table: pa.Table) -> None:
        self.columns, self._table = table.column_names, table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


def test_what_gives_its_columns_to_arrow() -> None:
    table = pa.table({"x": [1, 2], "s": pa.array(["a", None], pa.string_view())})
    assert to_table(Frame(table), ["x"]).equals(table)
    [batch] = table.to_batches()
    assert to_table(batch, ["x"]).equals(table)
