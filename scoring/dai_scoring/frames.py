"""A DataFrame of pandas or polars as an Arrow table, with the values that the same rows have in a file.

Neither package is needed: who has a DataFrame has it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from datetime import date, time
from decimal import Decimal
from numbers import Number
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from dai_scoring.values.model_rows import check_distinct

if TYPE_CHECKING:
    import pandas

# Of a column that Arrow has no type for, or no single one.
_NO_TYPE = (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError)
_TRUTHS = (bool, np.bool_)


class FromArrow(Protocol):
    """What gives its columns to Arrow, such as a DataFrame of polars."""

    @property
    def columns(self) -> Any:
        """Their names."""
        ...

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """A stream of Arrow, in a PyCapsule."""
        ...


def to_table(frame: Any, names: Collection[str]) -> pa.Table:
    """Return the columns of ``names`` that the frame has; of its others the names alone. The index is no column.

    NaN, NaT, NA and None are missing. A column of objects of several types becomes JSON texts, as it is when it comes
    from JSON: so each value is judged alone. What gives its columns to Arrow, as polars does, becomes the table that
    Arrow makes of it. Raises ContentError if two columns have the same name, and TypeError if it is neither.
    """
    if not (hasattr(frame, "iloc") and hasattr(frame, "columns")):
        return _from_arrow(frame)
    labels = [str(label) for label in frame.columns]
    check_distinct(labels)
    rows = len(frame)
    wanted = set(names)
    arrays = [_array(frame.iloc[:, index]) if label in wanted else pa.nulls(rows) for index, label in enumerate(labels)]
    return pa.table(arrays, names=labels)


def _from_arrow(frame: Any) -> pa.Table:
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    # Of one column, such as a Series, there would be no names.
    if hasattr(frame, "__arrow_c_stream__") and hasattr(frame, "columns"):
        return pa.table(frame)
    kind = type(frame)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    raise TypeError(
        f"a pyarrow.Table or a DataFrame of pandas or polars is scored, not {name}. "
        "pyarrow.Table.from_pylist makes a table of a list of dicts."
    )


def _array(series: pandas.Series[Any]) -> pa.Array | pa.ChunkedArray:
    if str(series.dtype).startswith("Sparse"):
        series = series.sparse.to_dense()
    if not _stands_as_text(series):
        try:
            return _typed(series)
        except _NO_TYPE:
            pass
    values = series.astype(object).tolist()
    try:
        return pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(map(_json, values), pa.string()))
    except UnicodeEncodeError:
        # Half of a surrogate pair is no text: as bytes, that row alone is rejected.
        return pa.array(map(_bytes, values), pa.binary())


def _typed(series: pandas.Series[Any]) -> pa.Array | pa.ChunkedArray:
    """The column as an Arrow array. Raises one of _NO_TYPE if no Arrow type fits it.

    pyarrow would do it by itself where it knows pandas; but it looks for that once, which may have been too early.
    """
    if hasattr(series.dtype, "categories"):
        codes = series.cat.codes.to_numpy()
        levels = series.cat.categories.to_series()
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), _typed(levels))
    if hasattr(series.array, "__arrow_array__"):
        return pa.array(series.array)
    if zone := getattr(series.dtype, "tz", None):
        utc = pa.array(series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), from_pandas=True)
        return utc.cast(pa.timestamp(utc.type.unit, pa.lib.tzinfo_to_string(zone)))
    return pa.array(series.to_numpy(), from_pandas=True)


def _stands_as_text(series: pandas.Series[Any]) -> bool:
    """Whether Arrow would make something else of the values than their text in a file."""
    if series.dtype == object:
        # A truth value among numbers would become one of them.
        kinds = set(map(type, series))
        truths = kinds.intersection(_TRUTHS)
        return bool(truths) and any(issubclass(kind, Number) for kind in kinds - truths)
    return str(getattr(series.dtype, "categories", series).dtype).startswith(("period", "interval"))


def _is_missing(value: object) -> bool:
    return (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (isinstance(value, float) and math.isnan(value))
    )


def _bytes(value: object) -> bytes | None:
    if _is_missing(value) or isinstance(value, bytes):
        return value if isinstance(value, bytes) else None
    return str(value).encode("utf-8", "surrogatepass")


def _json(value: Any) -> str | None:
    """A value as JSON writes it; what JSON has no form for as its text."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    elif isinstance(value, np.generic):
        value = str(value) if value.dtype.kind in "mM" else value.item()
    if _is_missing(value):
        return None
    if isinstance(value, float) and math.isinf(value):
        return json.dumps("inf" if value > 0 else "-inf")
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[]"  # refused as nested, whatever is in it
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    elif isinstance(value, (date, time)):
        value = value.isoformat()
    elif isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    return json.dumps(str(value), ensure_ascii=False)
