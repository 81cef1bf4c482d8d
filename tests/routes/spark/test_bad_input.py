"""What Spark says of columns, values and models that are not as they should be, and what the library says."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.scorer import Scorer
from tests.support.models.titanic import GOLDEN_ROW

pytestmark = pytest.mark.runtime


@pytest.fixture
def bad(seen: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = seen["bad"]
    return found


def test_columns_that_differ_in_case_alone_are_told_apart(bad: dict[str, Any], seen: dict[str, Any]) -> None:
    for found in bad["case"]:
        assert {str(row): score for row, score in found} == seen["typed"]


def test_two_columns_of_one_name_are_refused(bad: dict[str, Any]) -> None:
    advice = "Give each a name of its own."
    assert bad["twice"] == [
        f"malformed_content: 2 columns have the name {name}. {advice}" for name in ("species", "id")
    ]


def test_longs_in_a_column_of_singles_are_those_of_the_library(bad: dict[str, Any], titanic_scorer: Scorer) -> None:
    numbers = [0, 7, 2**24 + 1, 2**53 + 1, 2**63 - 1, -(2**63), None]
    given = {"pclass": 1, "sex": "male", "fare": 7.25, "ticket": "A1", "cabin": None}
    assert given.keys() | {"age"} == GOLDEN_ROW.keys()
    columns = {name: [value] * len(numbers) for name, value in given.items()}
    scored = titanic_scorer.score(pa.table({**columns, "age": pa.array(numbers, pa.int64())}))
    rejects = {row["row"]: row["code"] for row in scored.rejects.to_pylist()}
    scores = iter(scored.predictions.column(0).to_pylist())
    right = [[row, None if row in rejects else next(scores), rejects.get(row)] for row in range(len(numbers))]
    assert bad["longs"] == [right, right]


def test_nested_values_are_rejected(bad: dict[str, Any]) -> None:
    assert bad["nested"] == [["nested", "body_mass_g", None]] * 2


def test_a_model_that_executors_cannot_load_ends_the_query_at_once(bad: dict[str, Any]) -> None:
    said = bad["damaged"]["said"]
    assert "The model cannot be loaded on 127.0.0.1: " in said
    # Of 400 tasks: Spark ends the query when one of them has failed four times.
    assert bad["damaged"]["failed"] < 40


def test_a_model_that_was_replaced_is_sent_again(bad: dict[str, Any]) -> None:
    assert bad["replaced"] == [348, 348]


def test_a_worker_with_another_file_than_the_driver_refuses_it(bad: dict[str, Any]) -> None:
    assert "is not the file that the driver has" in bad["other_file"]


def test_a_watermark_stays(bad: dict[str, Any]) -> None:
    assert bad["watermarks"] == ["None", "None"]
