"""What a caller may choose for the records of a file, or of contents in memory."""

from __future__ import annotations

from dataclasses import dataclass

from dai_scoring.formats import Format
from dai_scoring.options import (
    BAD_ROWS,
    BATCH_ROWS,
    MISSING_COLUMNS,
    OUTPUT_COLUMNS,
    PREDICTION_PREFIX,
    PREDICTIONS_ONLY,
    BadRows,
    MissingColumns,
    OutputColumns,
    Wanted,
)


@dataclass(frozen=True)
class FileOptions:
    """How to score a file. A format of None is found out (input) or the same as the input's (output)."""

    input_format: Format | None = None
    output_format: Format | None = None
    output_columns: OutputColumns = OUTPUT_COLUMNS.default
    id_columns: tuple[str, ...] = ()
    prediction_prefix: str = PREDICTION_PREFIX.default
    missing_columns: MissingColumns = MISSING_COLUMNS.default
    missing_values: tuple[str, ...] = ()
    """Texts that mean a missing value, in addition to the model's own: see :mod:`dai_scoring.values.missing`."""
    bad_rows: BadRows = BAD_ROWS.default
    batch_rows: int = BATCH_ROWS.default
    charset: str | None = None
    delimiter: str | None = None
    wanted: Wanted = PREDICTIONS_ONLY
