"""Levels of categories that a model has never seen, counted by column, in words."""

from __future__ import annotations

from collections.abc import Mapping

_LONGEST = 1000


def in_words(counts: Mapping[str, int], longest: int = _LONGEST) -> str:
    """``name=count, name=count``, the highest counts first; what is longer than ``longest`` is left out."""
    words = ""
    for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        further = f"{words and ', '}{name}={count}"
        if len(words) + len(further) > longest:
            break
        words += further
    return words
