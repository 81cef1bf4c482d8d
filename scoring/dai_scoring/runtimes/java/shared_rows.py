"""Rows in memory that Python and Java share."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.runtimes.java import java_arrays

# Four megabytes: as much as caches hold, about.
_VALUES = 1 << 19


class SharedRows:
    """Passes columns of numbers to Java without Python's lock, which JPype would hold while it copies them.

    Each thread has some memory for that and uses it again: Java keeps what it was given until its garbage collection.
    """

    def __init__(self) -> None:
        self._local = threading.local()

    def blocks(
        self, columns: Sequence[npt.NDArray[np.float64] | Sequence[float]], rows: int
    ) -> Iterator[tuple[Any, int, int]]:
        """The rows in blocks: a ``ByteBuffer`` with one column after the other, how many columns, and how many rows.

        A block is valid until the next one, or this thread's next call.
        """
        width = len(columns)
        values, buffer = self._memory(width)
        most = len(values) // max(width, 1)
        for start in range(0, rows, most):
            count = min(most, rows - start)
            for target, column in zip(values[: width * count].reshape(width, count), columns, strict=True):
                target[:] = column[start : start + count]
            yield buffer, width, count

    def _memory(self, width: int) -> tuple[npt.NDArray[np.float64], Any]:
        found: tuple[npt.NDArray[np.float64], Any] | None = getattr(self._local, "found", None)
        if found is None or len(found[0]) < width:
            values = np.empty(max(_VALUES, width))
            found = self._local.found = values, java_arrays.byte_buffer(pa.py_buffer(values))
        return found
