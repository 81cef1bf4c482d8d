"""The features of an H2O-3 MOJO as the Java helper takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.runtimes.java import java_arrays
from dai_scoring.values.levels import Levels

_NAN = float("nan")


class Features:
    """The names of the features, and their levels: None for one that is not a category.

    ``domains`` has the levels as arrays.
    """

    def __init__(self, names: Sequence[str], domains: Sequence[Any]) -> None:
        self.names = list(names)
        self.levels: list[Levels | None] = [
            None if domain is None else Levels([str(level) for level in domain]) for domain in domains
        ]
        self.domains = [None if levels is None else levels.array for levels in self.levels]

    def numbers(
        self, columns: Sequence[pa.Array], unseen: dict[str, npt.NDArray[np.int64]]
    ) -> list[npt.NDArray[np.float64]]:
        """The columns with categories as indices of levels; ``unseen`` takes the rows of unseen ones."""
        found = []
        for name, values, levels in zip(self.names, columns, self.levels, strict=True):
            if levels is not None and not pa.types.is_floating(values.type):
                values, rows = levels.indices(values)
                if len(rows):
                    unseen[name] = rows
            found.append(_numbers(values))
        return found

    def numbers_of_values(
        self, columns: Sequence[Sequence[Any]], unseen: dict[str, npt.NDArray[np.int64]]
    ) -> list[Sequence[float]]:
        """The same of few rows, given as Python's objects."""
        found: list[Any] = []
        for name, values, levels in zip(self.names, columns, self.levels, strict=True):
            if levels is not None:
                values, rows = levels.indices_of(values)
                if rows:
                    unseen[name] = np.array(rows)
            found.append([_NAN if value is None else value for value in values] if None in values else values)
        return found

    def texts(
        self, columns: Sequence[pa.Array], rows: int, unseen: dict[str, npt.NDArray[np.int64]]
    ) -> tuple[Any, Any, Any]:
        """The rows with their categories as text, for a model that encodes them itself."""
        numbers: list[Any] = []
        texts: list[Any] = []
        for name, values, levels in zip(self.names, columns, self.levels, strict=True):
            if levels is None:
                numbers.append(java_arrays.primitives(_numbers(values)))
                texts.append(None)
            else:
                known, without = levels.texts(values)
                if len(without):
                    unseen[name] = without
                text = java_arrays.string_array(rows)
                # To the encoders of genmodel a level that the model has never seen is not a missing one.
                java_arrays.fill_strings(text, pc.coalesce(known, values))
                numbers.append(None)
                texts.append(text)
        return (
            java_arrays.strings(self.names),
            java_arrays.nested_array("double", numbers),
            java_arrays.nested_array("string", texts),
        )


def _numbers(values: pa.Array) -> npt.NDArray[np.float64]:
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64()).cast(pa.float64(), safe=False)
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
