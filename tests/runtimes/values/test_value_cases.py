"""The table of values through Java; Python's two ways are in tests/unit/scoring/values."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dai_scoring.formats import Declined
from dai_scoring.scorer import Scorer
from tests.support.value_cases import CASES, TEXT_CASES, Case, Quick, texts_of_java
from tests.support.value_cases.java import csv_of, read_by_java
from tests.support.value_cases.java_judge import judged

pytestmark = pytest.mark.runtime


def _is_meant(case: Case) -> bool:
    # RecordLayouts is not given columns that are required, and no field of it holds the delimiter.
    return not case.column.required and ";" not in case.value


@pytest.mark.parametrize("case", [case for case in TEXT_CASES if _is_meant(case)], ids=str)
def test_java_has_the_meaning_or_leaves_the_value(titanic_scorer: Scorer, case: Case) -> None:
    found = read_by_java([case.column], csv_of([[case.value, "y"]], delimiter=";"))
    assert isinstance(found, list) == bool(case.quick & Quick.JAVA)
    if not isinstance(found, Declined):
        (value,) = found[0].to_pylist()
        # In arrays of numbers Java has NaN for a missing value.
        assert repr(None if value != value else value) == repr(case.meaning)


def test_the_table_has_texts_of_each_type_for_java() -> None:
    assert all(len(texts_of_java(kind)) > 3 for kind in {case.kind for case in TEXT_CASES})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_judge_of_rows_has_the_meaning(titanic_scorer: Scorer, case: Case) -> None:
    (found,) = judged([case.value], case.column)
    meaning = case.meaning
    if isinstance(meaning, datetime):
        meaning = (meaning - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
    assert (type(found), repr(found)) == (type(meaning), repr(meaning))
