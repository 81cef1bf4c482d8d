"""Every format in and out, with a real model and 100,000 rows: the same scores in the same order."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.formats import Format
from dai_scoring.scorer import Scorer

pytestmark = pytest.mark.runtime

ROWS = 100_000


@pytest.fixture(scope="module")
def passengers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "passengers.csv"
    choose = np.random.default_rng(3)
    columns = [
        choose.integers(1, 4, ROWS),
        choose.choice(["male", "female", ""], ROWS),
        np.round(choose.random(ROWS) * 80, 1),
        np.char.add("T ", choose.integers(0, 900, ROWS).astype(str)),
        np.round(choose.random(ROWS) * 500, 4),
        choose.choice(["C1", "B 2", "é,è"], ROWS),
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "pclass", "sex", "age", "ticket", "fare", "cabin"])
        writer.writerows(zip(range(ROWS), *(column.tolist() for column in columns), strict=True))
    return path


def scores(path: Path) -> tuple[list[str], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["id"] for row in rows], np.array([float(row["survived.1"]) for row in rows])


@pytest.fixture(scope="module")
def expected(passengers: Path, titanic_scorer: Scorer) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Scored in one call, without files in between."""
    import pyarrow as pa

    with passengers.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    return np.asarray(titanic_scorer.score(table).predictions.column("survived.1").to_numpy(), dtype=np.float64)


@pytest.mark.parametrize("middle", list(Format), ids=lambda f: f.value)
def test_a_format_out_and_in_again(
    middle: Format,
    passengers: Path,
    titanic_scorer: Scorer,
    expected: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    tmp_path: Path,
) -> None:
    there, back, rejected = tmp_path / "there", tmp_path / "back", tmp_path / "rejected"
    first = score_file(
        titanic_scorer, passengers, there, rejected, FileOptions(output_format=middle, prediction_prefix="first ")
    )
    second = score_file(titanic_scorer, there, back, rejected, FileOptions(output_format=Format.CSV))
    assert second.input_format is middle
    assert (first.scored, second.scored) == (ROWS, ROWS)
    assert not rejected.exists()
    ids, got = scores(back)
    assert ids == [str(i) for i in range(ROWS)]
    assert got.tobytes() == expected.tobytes()
