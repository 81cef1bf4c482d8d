"""Counts, by column, of the levels of categories that a model has never seen.

None stands for counts where the runtime does not tell.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

_LONGEST = 1000


def counts_as_text(counts: Mapping[str, int], longest: int = _LONGEST) -> str:
    """``name=count, name=count``, the highest counts first; what is longer than ``longest`` is left out."""
    words = ""
    for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        further = f"{words and ', '}{name}={count}"
        if len(words) + len(further) > longest:
            break
        words += further
    return words


def sum_counts(counts: Mapping[str, int] | None, further: Mapping[str, int] | None) -> Mapping[str, int] | None:
    """The sum of both by column; None if neither is known."""
    if counts is None or further is None:
        return counts if further is None else further
    return {name: counts.get(name, 0) + further.get(name, 0) for name in {**counts, **further}}


def counts_between(
    unseen: Mapping[str, npt.NDArray[np.int64]] | None, start: int, end: int
) -> Mapping[str, int] | None:
    """The counts in the rows from ``start`` to before ``end``; ``unseen`` has ascending row numbers by column."""
    if not unseen:
        return unseen if unseen is None else {}
    counts = {name: int(np.searchsorted(rows, end) - np.searchsorted(rows, start)) for name, rows in unseen.items()}
    return {name: count for name, count in counts.items() if count}
