"""Arrays that are exchanged with Java: columns of Arrow and numpy as Java's arrays, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.runtimes.java import jvm

# Up to so many strings cross one by one: lending Java the memory of more takes as long as crossing with these.
_COPIED_ONE_BY_ONE = 16


def primitives(values: npt.NDArray[Any]) -> Any:
    """A copy of int8, int32, int64 or float64 values as ``byte[]``, ``int[]``, ``long[]`` or ``double[]``."""
    import jpype

    types = {"int8": jpype.JByte, "int32": jpype.JInt, "int64": jpype.JLong, "float64": jpype.JDouble}
    return jpype.JArray(types[values.dtype.name])(np.ascontiguousarray(values))


def string_array(length: int) -> Any:
    """A new ``String[]`` full of nulls."""
    import jpype

    return jpype.JArray(jpype.JString)(length)


def array_of(java_type: Any, values: Sequence[Any]) -> Any:
    """A new Java array of ``java_type``."""
    import jpype

    return jpype.JArray(java_type)(list(values))


def objects(values: Sequence[Any]) -> Any:
    """A new ``Object[]`` with these Java objects."""
    import jpype

    return array_of(jpype.JObject, values)


def fill_strings(target: Any, values: pa.StringArray) -> None:
    """Copy an Arrow string array into a ``String[]`` of the same length; nulls stay null."""
    if len(values) <= _COPIED_ONE_BY_ONE:
        target[:] = values.to_pylist()
        return
    validity, offsets, data = values.buffers()
    jvm.java_class("daiscoring.Columns").strings(
        target,
        byte_buffer(data),
        byte_buffer(offsets),
        None if validity is None or values.null_count == 0 else byte_buffer(validity),
        values.offset,
    )


def byte_buffer(buffer: pa.Buffer | None) -> Any:
    """A buffer's memory as a direct ``ByteBuffer``, for as long as the caller keeps the buffer."""
    import jpype

    if buffer is None or buffer.size == 0:
        return jpype.nio.convertToDirectBuffer(memoryview(bytearray(8)))
    # Arrow's are marked read-only, which JPype refuses.
    return jpype.nio.convertToDirectBuffer(np.asarray(_SharedBuffer(buffer)).data)


class _SharedBuffer:
    """An Arrow buffer's memory for numpy, not marked read-only; Java reads it only. Keeps the buffer alive."""

    def __init__(self, buffer: pa.Buffer) -> None:
        self.buffer = buffer
        self.__array_interface__ = {
            "shape": (buffer.size,),
            "typestr": "|u1",
            "data": (buffer.address, False),
            "version": 3,
        }


def strings_to_arrow(source: Any) -> pa.Array:
    """A ``String[]`` as an Arrow string array."""
    return pa.array([None if s is None else str(s) for s in source], pa.string())


def fill_times(target: Any, millis: npt.NDArray[np.int64], present: npt.NDArray[np.bool_]) -> None:
    """Fill an array of a Java time type from milliseconds since 1970; absent ones stay null."""
    import jpype

    jvm.java_class("daiscoring.Columns").times(
        target,
        target.getClass().getComponentType(),
        jpype.JArray(jpype.JLong)(millis),
        jpype.JArray(jpype.JBoolean)(present),
    )


def strings(values: Sequence[str]) -> Any:
    """A ``String[]`` of these texts."""
    import jpype

    return jpype.JArray(jpype.JString)(list(values))


def nested_array(element: str, arrays: Sequence[Any]) -> Any:
    """A two-dimensional array of Java arrays of ``element``: "double", "int" or "string"; None is null."""
    import jpype

    one = jpype.JArray({"double": jpype.JDouble, "int": jpype.JInt, "string": jpype.JString}[element])
    return jpype.JArray(one)(list(arrays))
