"""The features of an H2O-3 MOJO as the Java helper takes them."""

from __future__ import annotations

import threading
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
        self._memory = threading.local()

    def matrix(
        self, columns: Sequence[pa.Array], rows: int, unseen: dict[str, npt.NDArray[np.int64]]
    ) -> tuple[Any, int]:
        """The rows with their categories as indices of levels; ``unseen`` takes the rows of unseen ones.

        A ``ByteBuffer`` of one column after the other, valid until this thread's next call, and how many columns.
        """
        numbers = []
        for name, values, levels in zip(self.names, columns, self.levels, strict=True):
            if levels is not None and not pa.types.is_floating(values.type):
                values, without = levels.indices(values)
                if len(without):
                    unseen[name] = without
            numbers.append(_numbers(values))
        return self._shared(numbers, rows), len(numbers)

    def matrix_of_values(
        self, columns: Sequence[Sequence[Any]], rows: int, unseen: dict[str, npt.NDArray[np.int64]]
    ) -> tuple[Any, int]:
        """The same of few rows, given as Python's objects."""
        numbers: list[Any] = []
        for name, values, levels in zip(self.names, columns, self.levels, strict=True):
            if levels is not None:
                values, without = levels.indices_of(values)
                if without:
                    unseen[name] = np.array(without)
            numbers.append([_NAN if value is None else value for value in values] if None in values else values)
        return self._shared(numbers, rows), len(numbers)

    def _shared(self, columns: Sequence[npt.NDArray[np.float64] | Sequence[float]], rows: int) -> Any:
        """Columns in memory that Java reads too: numpy copies them there without Python's lock, JPype would hold it.

        The memory is used again, since Java would keep each new piece of it until its garbage collection.
        """
        size = len(columns) * rows
        found = getattr(self._memory, "shared", None)
        if found is None or len(found[0]) < size:
            values = np.empty(max(size, 1))
            found = self._memory.shared = values, java_arrays.byte_buffer(pa.py_buffer(values))
        for target, column in zip(found[0][:size].reshape(len(columns), rows), columns, strict=True):
            target[:] = column
        return found[1]

    def texts(
        self, columns: Sequence[pa.Array], rows: int, unseen: dict[str, npt.NDArray[np.int64]]
    ) -> tuple[Any, Any, Any]:
        """The rows with their categories as text, for a model that encodes them itself."""
        numbers: list[Any] = []
        texts: list[Any] = []
        for name, values, levels in zip(self.names, columns, self.levels, strict=True):
            if levels is None:
                numbers.append(java_arrays.double_arrays([_numbers(values)])[0])
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
