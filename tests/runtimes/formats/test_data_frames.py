"""A DataFrame gets the numbers that the same rows get in a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from dai_scoring.scorer import Scorer


def in_csv(text: str) -> pa.Table:
    """The rows as the library reads CSV: as text."""
    names = text.partition("\n")[0].split(",")
    options = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    return pa_csv.read_csv(io.BytesIO(text.encode()), convert_options=options)


@pytest.fixture(scope="module")
def rows(samples: Path) -> str:
    return (samples / "penguins-rows.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["as read", "objects", "categories", "dates", "mixed"])
def test_the_same_numbers_as_in_csv(pd: Any, penguins_scorer: Scorer, rows: str, kind: str) -> None:
    frame = pd.read_csv(io.StringIO(rows))
    assert frame.isna().any().any()
    if kind == "objects":
        frame = frame.astype(object)
    elif kind == "categories":
        frame = frame.astype({name: "category" for name in frame.columns if frame[name].dtype.kind not in "fi"})
    elif kind == "dates":
        frame["date_egg"] = pd.to_datetime(frame["date_egg"])
    elif kind == "mixed":
        # Every second number as its text.
        for name in frame.columns[frame.dtypes == np.float64]:
            values = frame[name].tolist()
            frame[name] = pd.Series([str(v) if i % 2 and v == v else v for i, v in enumerate(values)], dtype=object)
    found, wanted = penguins_scorer.score(frame), penguins_scorer.score(in_csv(rows))
    assert wanted.predictions.num_rows > 3
    assert found.predictions.equals(wanted.predictions)
    assert found.rejects.equals(wanted.rejects)
    assert found.unseen == wanted.unseen


def test_a_bad_value_rejects_its_row_with_its_number(pd: Any, penguins_scorer: Scorer, rows: str) -> None:
    frame = pd.read_csv(io.StringIO(rows)).astype({"body_mass_g": object})
    frame.loc[2, "body_mass_g"] = "heavy"
    found = penguins_scorer.score(frame)
    assert [list(row.values())[:3] for row in found.rejects.to_pylist()] == [[2, "not_a_number", "body_mass_g"]]
    assert found.predictions.num_rows == len(frame) - 1
