"""What a caller may choose for the records of a file, or of contents in memory."""

from __future__ import annotations

from dataclasses import dataclass

from dai_scoring.formats import Format
from dai_scoring.options import PREDICTIONS_ONLY, BadRows, MissingColumns, OutputColumns, Wanted


@dataclass(frozen=True)
class FileOptions:
    """How to score a file. A format of None is found out (input) or the same as the input's (output)."""

    input_format: Format | None = None
    output_format: Format | None = None
    output_columns: OutputColumns = OutputColumns.ALL
    id_columns: tuple[str, ...] = ()
    prediction_prefix: str = ""
    missing_columns: MissingColumns = MissingColumns.FAIL
    missing_values: tuple[str, ...] = ()
    """Texts that mean a missing value beside the model's own: see :mod:`dai_scoring.values.missing`."""
    bad_rows: BadRows = BadRows.REJECT
    batch_rows: int = 10_000
    charset: str | None = None
    delimiter: str | None = None
    wanted: Wanted = PREDICTIONS_ONLY
