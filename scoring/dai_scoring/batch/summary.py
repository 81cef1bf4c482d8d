"""What became of the records of a file, or of contents in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dai_scoring.formats import Format


class FirstReject(NamedTuple):
    """The first row that was rejected, counted from 1; ``column`` is '' if it is about the row.

    ``reason`` is the code, with what the model said if it refused the row.
    """

    row: int
    column: str
    reason: str


@dataclass(slots=True)
class Summary:
    """What became of records: ``records`` = ``scored`` + ``rejected``; ``seconds`` of wall time.

    It is not frozen, since one is made for each message, but nothing changes it.

    ``unseen`` counts, by input column, the values that are levels which the model has not seen; None if the runtime
    does not tell.
    """

    records: int
    scored: int
    rejected: int
    input_format: Format | None
    output_format: Format | None
    seconds: float
    unseen: Mapping[str, int] | None = None
    missing_like: tuple[str, ...] = ()
    """Texts for which rows were rejected, and that may mean a missing value, such as ``NULL``."""
    first_reject: FirstReject | None = None
