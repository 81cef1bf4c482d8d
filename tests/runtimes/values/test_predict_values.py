"""Few rows as Python's objects get the predictions that the same rows get as Arrow arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.formats import Declined
from dai_scoring.models import open_model
from dai_scoring.schema import Column
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring.values.few_rows import array_of, quick_values
from tests.support.shared_cases import shared_case

pytestmark = pytest.mark.runtime

_TEXTS = ("male", "female", "Adelie", "never seen", " male", "", "1", "1.0", "True", "NA", " ", "é")
_NUMBERS = (1.5, 0, -3, 39.25, "7", "2.50", "", None, 1e-7, 3_000_000_000, "NA")
_ROWS = 24


def _values(column: Column, seed: int) -> Sequence[Any]:
    """Values in the forms that the model takes without Arrow, some of them missing."""
    given = [*_NUMBERS, *_TEXTS, None, "2015-03-04", 5.0]
    known = getattr(column.levels, "array", None)
    if known is not None:
        given += known.to_pylist()[:40]
    fit = [one for value in given if not isinstance(one := quick_values([value], column), Declined)]
    return [fit[(seed + 7 * row) % len(fit)][0] for row in range(_ROWS)]


def _same(one: Any, other: Any) -> bool:
    return one == other or (
        isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    )


def _compare(scorer: Scorer) -> None:
    inputs = scorer.info.inputs
    columns = [_values(column, 3 * at) for at, column in enumerate(inputs)]
    for rows in (1, _ROWS):
        given = [values[:rows] for values in columns]
        found = scorer.predict_values(given, rows)
        made = scorer.predict([array_of(column, [values]) for column, values in zip(inputs, given, strict=True)], rows)
        # A row that the model refuses is rejected with its values, so all rows have to be scored as Arrow.
        assert isinstance(found, Declined) == bool(made.refused), found
        if isinstance(found, Declined):
            continue
        expected = [column.to_pylist() for column in made.predictions.columns]
        assert len(found.columns) == len(expected)
        for mine, theirs in zip(found.columns, expected, strict=True):
            assert len(mine) == rows
            assert all(map(_same, mine, theirs)), (mine, theirs)
        unseen = [
            None if one is None else {name: [*map(int, at)] for name, at in one.items()}
            for one in (found.unseen, made.unseen)
        ]
        assert unseen[0] == unseen[1]


def test_the_sample_model(samples: Path, settings: RuntimeSettings) -> None:
    with open_model(samples / "penguins.mojo", settings=settings) as scorer:
        _compare(scorer)


def test_a_driverless_ai_model(titanic_scorer: Scorer) -> None:
    _compare(titanic_scorer)


@pytest.mark.parametrize(
    "name",
    ["booleans/gbm_bool.zip", "coxph/inter.zip", "coxph/strat.zip", "empty-level/gbm_uuid.zip", "glm-skip/model.zip",
     "times/model.zip"],
)  # fmt: skip
def test_a_model_of_the_shared_cases(name: str, settings: RuntimeSettings) -> None:
    with open_model(shared_case(name), settings=settings) as scorer:
        _compare(scorer)


@pytest.mark.parametrize("name", ["offset-missing/gbm.zip", "offset-missing/glm.zip"])
def test_a_model_that_needs_arrow_declines(name: str, settings: RuntimeSettings) -> None:
    with open_model(shared_case(name), settings=settings) as scorer:
        found = scorer.predict_values([["1"] for _ in scorer.info.inputs], 1)
        assert isinstance(found, Declined)
        assert found.reason == "the model encodes its columns, or needs an offset"
