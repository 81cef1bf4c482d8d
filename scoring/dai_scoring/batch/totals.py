"""Adds up what became of rows that are scored one part after the other, and says which of them was rejected first."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pyarrow as pa

from dai_scoring.batch.summary import FirstReject, Summary
from dai_scoring.engine import REFUSED
from dai_scoring.errors import BadRowsError
from dai_scoring.formats import Format
from dai_scoring.values import missing
from dai_scoring.values.unseen_levels import sum_counts


class Totals:
    """The counts of all parts that were added, as :class:`Summary` has them. For one thread."""

    def __init__(self) -> None:
        self.scored = 0
        self.rejected = 0
        self._unseen: Mapping[str, int] | None = None
        self._missing_like: set[str] = set()
        self._first: FirstReject | None = None

    @property
    def records(self) -> int:
        """How many rows were scored or rejected."""
        return self.scored + self.rejected

    def add(self, scored: int, rejects: pa.Table, unseen: Mapping[str, int] | None) -> None:
        """Add a part with so many scored rows; ``rejects`` are of the schema of rejected rows."""
        before = self.records
        self.scored += scored
        self._unseen = sum_counts(self._unseen, unseen)
        if rejects.num_rows:
            self._first = self._first or first_reject(rejects, before)
            self.rejected += rejects.num_rows
            self._missing_like.update(missing.among(rejects))

    def summary(self, began: float, input_format: Format | None = None, output_format: Format | None = None) -> Summary:
        """The summary of all parts; ``began`` is what :func:`time.perf_counter` gave before the first."""
        return Summary(
            self.records,
            self.scored,
            self.rejected,
            input_format,
            output_format,
            time.perf_counter() - began,
            self._unseen,
            tuple(sorted(self._missing_like)),
            self._first,
        )


def first_reject(rejects: pa.Table, rows_before: int = 0) -> FirstReject:
    """The first of the rejected rows of a part, which has some; ``rows_before`` rows came before the part."""
    first = rejects.slice(0, 1).to_pylist()[0]
    code = first["code"]
    # The value is what the model said.
    reason = f"{code}: {first['value']}" if code == REFUSED and first["value"] else code
    return FirstReject(rows_before + first["row"] + 1, first["column"] or "", reason)


def bad_rows_error(rejects: pa.Table, rows_before: int = 0, *, at_least: bool = False) -> BadRowsError:
    """The error for rows that were rejected, if that fails the whole input; ``rows_before`` came before their part.

    ``at_least`` says that there may be more of them in other parts.
    """
    advice = missing.advice(missing.among(rejects))
    return BadRowsError(rejects.num_rows, *first_reject(rejects, rows_before), advice, at_least=at_least)
