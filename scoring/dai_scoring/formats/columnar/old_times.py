"""Times of older Parquet files (INT96), in the finest unit that holds all of them.

INT96 has a day and the nanoseconds in it, and so years that 64 bits of nanoseconds lack: these end in 2262. Arrow reads
nanoseconds all the same, and makes other times of those beyond, without an error. Spark and Hive write INT96.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from dai_scoring.formats import nested

# The stubs know no mix of arrays and scalars.
pc: Any = pyarrow.compute

_INT96 = "INT96"
_UNITS = (("ns", 10**9), ("us", 10**6))
"""The units to choose from, the finest first, with what a second has of them."""
_LARGEST = "ms"
"""It holds every time of INT96, as seconds do."""


def unit_of(path: Path, file: pq.ParquetFile) -> str | None:
    """The unit to read the times of a file in; None if it has no INT96. Raises what Arrow does."""
    columns = map(file.schema.column, range(len(file.schema)))
    if all(column.physical_type != _INT96 for column in columns):
        return None
    with pq.ParquetFile(path, pre_buffer=False, coerce_int96_timestamp_unit="s") as seconds:
        names = [field.name for field in seconds.schema_arrow if _has_seconds(field.type)]
        batches = seconds.iter_batches(columns=names) if names else iter(())
        most = max((_most(column) for batch in batches for column in batch.columns), default=0)
    return next((unit for unit, count in _UNITS if (most + 1) * count < 1 << 63), _LARGEST)


def _has_seconds(kind: Any) -> bool:
    if pa.types.is_timestamp(kind):
        return bool(kind.unit == "s")
    return any(_has_seconds(kind.field(index).type) for index in range(kind.num_fields))


def _most(array: Any) -> int:
    """How many seconds a time is away from 1970 at most."""
    most = 0
    for times in _times(array):
        found = pc.min_max(times.cast(pa.int64())).as_py()
        most = max(most, *(abs(one) for one in found.values() if one is not None), 0)
    return most


def _times(array: Any) -> Iterator[Any]:
    """The arrays of times in seconds within an array."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        if kind.unit == "s":
            yield array
    elif pa.types.is_map(kind):
        yield from _times(array.keys)
        yield from _times(array.items)
    elif nested.is_list(kind):
        yield from _times(array.flatten())
    elif pa.types.is_struct(kind):
        for part in array.flatten():
            yield from _times(part)
