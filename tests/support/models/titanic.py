"""The model of the Titanic: a row with its known scores, and tables of passengers."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from dai_scoring.models import Runtime, open_model
from dai_scoring.scorer import RuntimeSettings, Scorer

GOLDEN_ROW = {"pclass": "3", "sex": "male", "age": "22", "ticket": "A1", "fare": "7.25", "cabin": "C1"}
GOLDEN_SCORE = (0.6160246133804321, 0.38397541642189026)


def golden(**changes: str | None) -> pa.Table:
    return pa.table({name: pa.array([value], pa.string()) for name, value in {**GOLDEN_ROW, **changes}.items()})


def scores(scorer: Scorer, table: pa.Table) -> list[tuple[float, ...]]:
    predictions = scorer.score(table).predictions
    return list(zip(*(column.to_pylist() for column in predictions.columns), strict=True))


ROWS = 10_001


def passengers(rows: int = ROWS) -> pa.Table:
    return pa.table(
        {
            "pclass": pa.array([i % 3 + 1 for i in range(rows)], pa.int64()),
            "sex": [("male", "female", None)[i % 3] for i in range(rows)],
            "age": [None if i % 7 == 0 else i % 80 + 0.5 for i in range(rows)],
            "ticket": [f"A{i % 997}" for i in range(rows)],
            "fare": [7.25 + i * 0.01 for i in range(rows)],
            "cabin": [f"ü{i % 11}" for i in range(rows)],
        }
    )


def opened_in_cpp(path: Path, workers: int | None = None) -> Scorer:
    return open_model(path, Runtime.CPP, RuntimeSettings(workers=workers))
