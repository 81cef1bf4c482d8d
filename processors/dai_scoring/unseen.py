"""Levels of categories that a model has never seen, counted by column: it scores them as if they were missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.schema import Column

Unseen = Mapping[str, int]
"""How many values of each column are no level of the model; columns without one are not there.

None in its place means that the runtime does not tell the levels of a model, so that nobody knows.
"""


def counted(columns: Sequence[pa.Array], inputs: Sequence[Column]) -> Unseen:
    """Count in columns of a model's inputs, as they were read for it; those without levels are not looked at."""
    counts: dict[str, int] = {}
    for values, column in zip(columns, inputs, strict=False):
        if column.levels is None:
            continue
        found = pc.sum(pc.is_in(values, column.levels.texts)).as_py() or 0
        if count := len(values) - values.null_count - found:
            counts[column.name] = count
    return counts


def added(parts: Iterable[Unseen | None]) -> Unseen | None:
    """The sum of several; None where there are none but unknown ones."""
    whole: dict[str, int] | None = None
    for part in parts:
        if part is None:
            continue
        whole = {} if whole is None else whole
        for name, count in part.items():
            whole[name] = whole.get(name, 0) + count
    return whole


def ordered(counts: Unseen) -> list[tuple[str, int]]:
    """Columns and counts, the highest first, by name where these are the same."""
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def in_words(counts: Unseen, longest: int = 1000) -> str:
    """``name=count, name=count``, the highest counts first; what would be longer than that is left out."""
    words = ""
    for name, count in ordered(counts):
        further = f"{words and ', '}{name}={count}"
        if len(words) + len(further) > longest:
            break
        words += further
    return words
