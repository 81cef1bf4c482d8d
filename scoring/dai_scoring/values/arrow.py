"""Small helpers for Arrow arrays that all modules for values use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# As Arrow scalars: from a Python value Arrow would make one each time, and look for pandas each time it does.
NO_TEXT = pa.scalar(None, pa.string())
FALSE = pa.scalar(False)


def truths(where: pa.Array) -> npt.NDArray[np.bool_]:
    """An Arrow array of booleans for numpy, null as false."""
    return np.asarray(pc.fill_null(where, FALSE))


def is_text(array: pa.Array) -> bool:
    """True for Arrow's type ``string``, but not ``large_string`` or ``string_view``."""
    return bool(pa.types.is_string(array.type))
