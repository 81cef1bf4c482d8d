"""Columns as the C++ runtime takes them, and its results in the types of the model's columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.errors import ContentError


def as_schema(scored: pa.Table, schema: pa.Schema) -> pa.Table:
    """The predictions of the runtime with the types of a schema."""
    return pa.table(
        [complete(scored.column(index).chunk(0), field.type) for index, field in enumerate(schema)], schema=schema
    )


def as_numbers(scored: pa.Table) -> pa.Table:
    """Contributions and intervals, which are floating-point numbers, as :func:`complete` gives them."""
    return as_schema(scored, scored.schema)


def whole(array: pa.Array, name: str) -> pa.Array:
    """An array as the runtime takes it: from the start of its buffers, times in nanoseconds, texts without NUL.

    The runtime ends a text at a NUL, so that "male\\0x" would score as "male". What such a text holds instead is
    a level that no model knows, as it is to the Java runtime.
    """
    if pa.types.is_string(array.type) and _has_nul(array):
        array = pc.replace_substring(array, "\0", "\ufffd")
    if pa.types.is_timestamp(array.type):
        try:
            array = array.cast(pa.timestamp("ns"))
        except pa.ArrowInvalid as error:
            raise ContentError(
                f"the column {name} has a time before 1678 or after 2261, which the C++ runtime cannot hold."
            ) from error
    return array if array.offset == 0 else pa.concat_arrays([array, array.slice(0, 0)])


def _has_nul(array: pa.StringArray) -> bool:
    data = array.buffers()[2]
    return data is not None and data.size > 0 and not np.frombuffer(data, np.uint8).all()


def complete(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """An output of the runtime as the type it says, a missing number as NaN, as the Java runtime gives it."""
    array = array if array.type.equals(kind) else array.cast(kind)
    if array.null_count and pa.types.is_floating(kind):
        array = pc.fill_null(array, pa.scalar(float("nan"), kind))
    return array
