"""The columns with the reasons of an earlier scoring, in records that were rejected then and are scored again.

New reasons replace them. Columns with the same names that hold anything else are the user's own, and are never
overwritten.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.engine import REFUSED
from dai_scoring.errors import NameClashError
from dai_scoring.formats.base import MALFORMED_ROW
from dai_scoring.options import BadRows, OutputColumns
from dai_scoring.values.arrow import truths
from dai_scoring.values.rejected import REJECT_CODES

# The stubs lack functions that take chunked arrays.
pc: Any = pyarrow.compute

CODES = REJECT_CODES | {MALFORMED_ROW, REFUSED}
"""All codes that a rejected row can have."""

_CODES = pa.array(sorted(CODES), pa.string())


def are_in(names: Collection[str]) -> bool:
    """Whether any of these columns has a name of :data:`REJECT_COLUMNS`."""
    return not set(REJECT_COLUMNS).isdisjoint(names)


def are_replaced(bad_rows: BadRows, columns: OutputColumns) -> bool:
    """Whether reasons are written next to all columns of the input, which may have earlier ones."""
    return bad_rows is BadRows.REJECT or (bad_rows is BadRows.KEEP and columns is OutputColumns.ALL)


def check(rows: pa.Table, inputs: Collection[str]) -> None:
    """Raise NameClashError if columns named as :data:`REJECT_COLUMNS` hold anything but reasons of an earlier scoring.

    A row has such reasons if its code is one of :data:`CODES`, or if it has no value in any of these columns.
    ``inputs`` are the model's columns, which are never reasons.
    """
    found = [name for name in REJECT_COLUMNS if name in rows.schema.names]
    if not found:
        return
    texts = {name: _texts(rows.column(name)) for name in found if name not in inputs}
    own = [name for name in found if texts.get(name) is None]
    if not own:
        code = texts.get(REJECT_COLUMNS[0])
        other = np.ones(rows.num_rows, bool) if code is None else ~truths(pc.is_in(code, _CODES))
        own = [name for name in found if (other & ~_blank(texts[name])).any()]
    if own:
        raise NameClashError(
            own,
            "column(s) {names} of the records have the names of those that say why a row is rejected, and hold other "
            "values.",
            ("Rename or remove them.", "Or set {bad_rows=FAIL}."),
        )


def _texts(column: pa.ChunkedArray) -> Any:
    """The column as text; None if it is of another type."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return column.cast(pa.string()).combine_chunks() if is_text or pa.types.is_null(kind) else None


def _blank(texts: Any) -> npt.NDArray[np.bool_]:
    return ~truths(pc.not_equal(pc.utf8_trim_whitespace(texts), ""))
