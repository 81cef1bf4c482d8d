"""H2O-3 MOJOs on the real genmodel: the sample model and its expected scores."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from dai_scoring.schema import ColumnType
from dai_scoring.scorer import Scorer

pytestmark = pytest.mark.runtime


def table_of(path: Path) -> pa.Table:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def test_every_row_of_the_sample_scores_as_h2o_scored_it(penguins_scorer: Scorer, samples: Path) -> None:
    """The expected scores are those of H2O-3's own server: see models/train_penguins.py."""
    result = penguins_scorer.score(table_of(samples / "penguins-rows.csv"))
    assert result.rejects.num_rows == 0
    expected = table_of(samples / "penguins-expected.csv")
    assert result.predictions.num_rows == expected.num_rows == 348
    assert result.predictions.column("predict").to_pylist() == expected.column("predict").to_pylist()
    for name in ("female", "male"):
        assert result.predictions.column(name).to_pylist() == [float(t) for t in expected.column(name).to_pylist()]


def test_what_the_model_says_of_itself(penguins_scorer: Scorer) -> None:
    info = penguins_scorer.info
    types = {column.name: column.type for column in info.inputs}
    assert types == {
        "species": ColumnType.STR,
        "island": ColumnType.STR,
        "bill_length_mm": ColumnType.FLOAT64,
        "bill_depth_mm": ColumnType.FLOAT64,
        "flipper_length_mm": ColumnType.FLOAT64,
        "body_mass_g": ColumnType.FLOAT64,
        "date_egg": ColumnType.TIME64,
    }
    assert [column.name for column in info.outputs] == ["predict", "female", "male"]
    assert info.kind == "H2O-3 MOJO"


def test_dates_of_any_arrow_type_score_the_same(penguins_scorer: Scorer, samples: Path) -> None:
    table = table_of(samples / "penguins-rows.csv").slice(0, 300)
    days = [datetime.fromisoformat(text) for text in table.column("date_egg").to_pylist()]
    index = table.schema.get_field_index("date_egg")
    expected = penguins_scorer.score(table).predictions
    for arrow in (pa.date32(), pa.timestamp("ns"), pa.timestamp("s", tz="UTC")):
        typed = table.set_column(index, "date_egg", pa.array(days).cast(pa.timestamp("us")).cast(arrow))
        assert penguins_scorer.score(typed).predictions.equals(expected)
    wrong = table.set_column(index, "date_egg", pa.array(["11/11/2007"] * 300))
    assert penguins_scorer.score(wrong).rejects.num_rows == 300


def test_the_date_matters(penguins_scorer: Scorer, samples: Path) -> None:
    table = table_of(samples / "penguins-rows.csv")
    index = table.schema.get_field_index("date_egg")
    without = table.set_column(index, "date_egg", pa.array([""] * table.num_rows))
    changed = [
        a != b
        for a, b in zip(
            penguins_scorer.score(table).predictions.column("male").to_pylist(),
            penguins_scorer.score(without).predictions.column("male").to_pylist(),
            strict=True,
        )
    ]
    assert sum(changed) > 100


def test_an_unseen_level_scores_as_a_missing_one(penguins_scorer: Scorer, samples: Path) -> None:
    table = table_of(samples / "penguins-rows.csv").slice(0, 1)
    index = table.schema.get_field_index("island")
    unseen, missing = (
        penguins_scorer.score(table.set_column(index, "island", pa.array([level], pa.string()))).predictions
        for level in ("Atlantis", None)
    )
    assert unseen.equals(missing)
