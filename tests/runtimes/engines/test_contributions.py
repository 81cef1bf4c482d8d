"""Contributions and prediction intervals: the names, the sums, and what a model says that has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.engine import Capability
from dai_scoring.errors import UnsupportedError
from dai_scoring.models import Runtime, open_model
from dai_scoring.options import Contributions, OutputColumns, Wanted
from dai_scoring.scorer import RuntimeSettings, Scorer

pytestmark = pytest.mark.runtime

KINDS = [Contributions.ORIGINAL, Contributions.TRANSFORMED]


def rows_of(samples: Path) -> pa.Table:
    return pa_csv.read_csv(samples / "penguins-rows.csv")


def total(contributions: pa.Table) -> np.ndarray[Any, Any]:
    return np.sum([np.asarray(column) for column in contributions.columns], axis=0, dtype=np.float64)


@pytest.mark.parametrize("kind", KINDS)
def test_h2o3_contributions_are_those_of_h2o3(penguins_scorer: Scorer, samples: Path, kind: Contributions) -> None:
    scored = penguins_scorer.score(rows_of(samples), wanted=Wanted(kind))
    assert scored.contributions is not None
    expected = pa_csv.read_csv(samples / "penguins-contributions.csv")
    names = [name.removeprefix("contrib_") for name in scored.contributions.schema.names]
    assert names == expected.schema.names[2:]
    for name in names:
        ours, theirs = np.asarray(scored.contributions[f"contrib_{name}"]), np.asarray(expected[name])
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=0)
    odds = np.asarray(scored.predictions["male"]) / np.asarray(scored.predictions["female"])
    np.testing.assert_allclose(total(scored.contributions), np.log(odds), rtol=0, atol=1e-5)


# Of H2O-3's server, 3.46.0.10, by predict_contributions of the forest in drf.mojo: three trees of body_mass_g.
FOREST = {
    ("Adelie", 39.1): (162.7718505859375, 422.9329833984375, 3178.924560546875),
    ("Adelie", None): (96.20162200927734, 218.35523986816406, 3178.924560546875),
    ("Gentoo", 44.9): (1176.1578369140625, 704.53173828125, 3178.924560546875),
    ("Chinstrap", 43.5): (-11.143025398254395, 543.1580200195312, 3178.924560546875),
}


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_of_a_forest(settings: RuntimeSettings, kind: Contributions) -> None:
    rows = [{"species": species, "bill_length_mm": length} for species, length in FOREST]
    with open_model(Path(__file__).parent / "drf.mojo", settings=settings) as scorer:
        scored = scorer.score(pa.Table.from_pylist(rows), wanted=Wanted(kind))
    assert scored.contributions is not None
    assert scored.contributions.schema.names == ["contrib_species", "contrib_bill_length_mm", "contrib_BiasTerm"]
    assert [tuple(row.values()) for row in scored.contributions.to_pylist()] == list(FOREST.values())
    np.testing.assert_allclose(total(scored.contributions), scored.predictions["predict"], rtol=1e-6)


def test_a_forest_without_the_details_of_its_training(settings: RuntimeSettings, tmp_path: Path) -> None:
    """It scores; genmodel gives contributions only with them."""
    with ZipFile(Path(__file__).parent / "drf.mojo") as old, ZipFile(tmp_path / "drf.mojo", "w") as new:
        for name in old.namelist():
            if not name.startswith("experimental/"):
                new.writestr(name, old.read(name))
    with open_model(tmp_path / "drf.mojo", settings=settings) as scorer:
        table = pa.Table.from_pylist([{"species": "Adelie", "bill_length_mm": 39.1}])
        assert scorer.score(table).predictions["predict"].to_pylist() == [3764.6294759114585]
        with pytest.raises(UnsupportedError, match="gives no contributions"):
            scorer.score(table, wanted=Wanted(KINDS[0]))


def test_contributions_come_after_the_predictions(penguins_scorer: Scorer, samples: Path, tmp_path: Path) -> None:
    options = FileOptions(
        output_columns=OutputColumns.IDS,
        id_columns=("individual_id",),
        prediction_prefix="p_",
        wanted=Wanted(Contributions.ORIGINAL),
    )
    score_file(penguins_scorer, samples / "penguins-rows.csv", tmp_path / "out", tmp_path / "bad", options)
    scored = pa_csv.read_csv(tmp_path / "out")
    assert scored.schema.names[:4] == ["individual_id", "p_predict", "p_female", "p_male"]
    assert scored.schema.names[4] == "p_contrib_species"
    assert scored.schema.names[-1] == "p_contrib_BiasTerm"
    assert scored.num_rows == 348


def test_no_rows_have_the_same_columns(penguins_scorer: Scorer, samples: Path) -> None:
    rows = rows_of(samples)
    some = penguins_scorer.score(rows, wanted=Wanted(Contributions.ORIGINAL)).outputs
    none = penguins_scorer.score(rows.slice(0, 0), wanted=Wanted(Contributions.ORIGINAL)).outputs
    assert none.schema == some.schema
    assert none.num_rows == 0


def test_intervals_are_refused_by_h2o3(penguins_scorer: Scorer, samples: Path) -> None:
    with pytest.raises(UnsupportedError, match="gives no prediction intervals on h2o-genmodel"):
        penguins_scorer.score(rows_of(samples), wanted=Wanted(intervals=True))


@pytest.mark.parametrize("scorer", ["titanic_scorer", "titanic_cpp_scorer"])
def test_a_model_without_any_says_so(scorer: str, request: pytest.FixtureRequest) -> None:
    model: Scorer = request.getfixturevalue(scorer)
    assert model.capabilities == {Capability.SCORE}
    for wanted in (*(Wanted(kind) for kind in KINDS), Wanted(intervals=True)):
        with pytest.raises(UnsupportedError, match="besides predictions it gives nothing"):
            model.check(wanted)


@pytest.mark.parametrize("runtime", [Runtime.JAVA, Runtime.CPP])
@pytest.mark.parametrize("kind", KINDS)
def test_driverless_ai_contributions_add_up(
    runtime: Runtime, kind: Contributions, licensed_model: Path, settings: RuntimeSettings, cpp_runtime: None
) -> None:
    rows = pa_csv.read_csv(licensed_model.with_name("needs-licence-example.csv"))
    with open_model(licensed_model, runtime, settings) as scorer:
        scored = scorer.score(rows, wanted=Wanted(kind))
        assert scored.contributions is not None
        assert scored.contributions.schema.names[-1] == "contrib_bias"
        sums = total(scored.contributions)
        prediction = np.asarray(scored.predictions.column(scored.predictions.num_columns - 1), dtype=np.float64)
        # The raw prediction is the value before the link: that of a regression, or the log-odds of two classes.
        raw = prediction if scored.predictions.num_columns == 1 else np.log(prediction / (1 - prediction))
        np.testing.assert_allclose(sums, raw, rtol=1e-3, atol=1e-3)
