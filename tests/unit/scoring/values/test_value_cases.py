"""The table of values through the two ways of Python; Java's is in tests/runtimes/values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.formats import Declined
from dai_scoring.formats.json.columns import kind_of, to_array
from dai_scoring.schema import Column
from dai_scoring.values.coerce import coerce
from dai_scoring.values.few_rows import quick_values
from tests.support.value_cases import CASES, Case, Quick, Rejected


def _judged(values: list[Any], column: Column) -> list[Any]:
    """What a whole column of values means."""
    array = to_array(values, kind_of(values))
    found, rejected = coerce(array, column)
    assert found.type == column.type.arrow
    return [
        Rejected(rejected.code(row)) if rejected is not None and rejected.bad[row] else value
        for row, value in enumerate(found.to_pylist())
    ]


def _same(found: Any, meaning: Any) -> bool:
    # Zero has a sign.
    return type(found) is type(meaning) and repr(found) == repr(meaning)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_whole_column_has_the_meaning(case: Case) -> None:
    (alone,) = _judged([case.value], case.column)
    assert _same(alone, case.meaning)
    for beside in (["\v"], [None, case.value, "\v"]):
        assert _same(_judged([case.value, *beside], case.column)[0], case.meaning)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_few_rows_have_the_meaning_or_are_left(case: Case) -> None:
    found = quick_values([case.value], case.column)
    assert isinstance(found, list) == bool(case.quick & Quick.FEW_ROWS)
    if not isinstance(found, Declined):
        assert _same(pa.array(found, case.column.type.arrow).to_pylist()[0], case.meaning)
