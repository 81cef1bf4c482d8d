"""What genmodel gives for rows, as columns of predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.engine import Predicted


def predicted(
    predictions: pa.Table,
    contributions: pa.Table | None,
    refused: dict[int, str],
    unseen: dict[str, npt.NDArray[np.int64]],
) -> Predicted:
    """The rows that the model did not refuse; ``refused`` has the reasons of the others."""
    if refused:
        keep = np.ones(predictions.num_rows, bool)
        keep[list(refused)] = False
        mask = pa.array(keep)
        predictions = predictions.filter(mask)
        contributions = None if contributions is None else contributions.filter(mask)
    return Predicted(predictions, contributions, refused=sorted(refused.items()), unseen=unseen)


def values_of(numbers: Any, domain: pa.Array | None) -> list[Any]:
    """A column of few predictions as Python's objects."""
    values = np.array(numbers).tolist()
    if domain is None:
        return [None if value != value else value for value in values]
    return [None if value != value else domain[int(value)].as_py() for value in values]


def column(numbers: npt.NDArray[np.float64], domain: pa.Array | None) -> pa.Array:
    """A column of predictions: numbers, or levels by their indices. NaN is missing."""
    if domain is None:
        return pa.array(numbers, pa.float64(), from_pandas=True)  # H2O-3's NaN is a missing value
    absent = np.isnan(numbers)
    indices = pa.array(np.where(absent, 0, numbers).astype(np.int64), mask=absent)
    return domain.take(indices)
