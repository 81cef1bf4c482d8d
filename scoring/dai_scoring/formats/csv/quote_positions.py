"""The quotes of CSV that begin and end fields, found by the bytes next to each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]

_QUOTE, _BACKSLASH, _RETURN, _FEED = b'"\\\r\n'
_STRAY = 200
"""So many quotes that neither begin nor end a field are sorted out one by one before a look gives up."""


@dataclass(frozen=True)
class QuoteMarks:
    """The quotes of some text: ``places`` has those that begin and end fields, alternately; a doubled quote is both.

    ``known`` is how many bytes that is true of: up to a quote that breaks the rules, or all.
    """

    places: Places
    known: int

    def are_within(self, places: Places) -> npt.NDArray[np.bool_]:
        """For each place whether it is within quotes."""
        found: npt.NDArray[np.bool_] = np.searchsorted(self.places, places) % 2 == 1
        return found

    def outside(self, data: npt.NDArray[np.uint8], byte: int) -> Places:
        """Where a byte is that is not within quotes, as far as the marks are known."""
        found = np.flatnonzero(data[: self.known] == byte)
        return found[~self.are_within(found)]


def marks_of(data: npt.NDArray[np.uint8], delimiter: str, *, escape: bool) -> QuoteMarks:
    r"""The quotes of a text that stands between two line ends, both included.

    With ``escape``, ``\"`` within quotes is a part of the field, and ``\\`` a backslash. A quote in a field that does
    not begin with one is a part of the field.
    """
    places = np.flatnonzero(data == _QUOTE)
    stray = 0
    if escape:
        places = places[~_are_escaped(data, places)]
    edges = np.zeros(256, bool)
    edges[[ord(delimiter), _RETURN, _FEED]] = True
    before, after = data[places - 1], data[places + 1]
    begin, end = edges[before], edges[after] | (after == _QUOTE)
    # One in the midst of a field is a part of it, or it breaks the rules.
    is_lone = ~(begin | end | (before == _QUOTE))
    lone, places, begin, end = places[is_lone], places[~is_lone], begin[~is_lone], end[~is_lone]
    known = len(data)
    for _ in range(_STRAY):
        is_begin = np.arange(len(places)) % 2 == 0
        doubles = np.diff(places, prepend=-2) == 1
        wrong = np.flatnonzero(~np.where(is_begin, begin | doubles, end))
        if not len(wrong):
            break
        first = wrong[0]
        if not is_begin[first]:
            known = int(places[first])
            break
        stray = int(places[first])
        places, begin, end = np.delete(places, first), np.delete(begin, first), np.delete(end, first)
    else:
        known = stray
    found = QuoteMarks(places, known)
    wrong = lone[found.are_within(lone)]
    return QuoteMarks(places, min(known, int(wrong[0]))) if len(wrong) else found


def with_doubled_quotes(data: npt.NDArray[np.uint8], marks: QuoteMarks) -> npt.NDArray[np.uint8]:
    r"""The same text as RFC 4180 has it: ``""`` for ``\"`` within quotes, and a backslash for ``\\`` there."""
    places = np.flatnonzero(data == _BACKSLASH)
    places = places[marks.are_within(places)]
    is_first = _turns(places) % 2 == 0
    following = data[places + 1]
    changed = data.copy()
    changed[places[is_first & (following == _QUOTE)]] = _QUOTE
    return np.delete(changed, places[is_first & (following == _BACKSLASH)])


def _are_escaped(data: npt.NDArray[np.uint8], quotes: Places) -> npt.NDArray[np.bool_]:
    """Which quotes have an odd number of backslashes before them."""
    backslashes = np.flatnonzero(data == _BACKSLASH)
    are_odd = np.zeros(len(data), bool)
    are_odd[backslashes[_turns(backslashes) % 2 == 0]] = True
    return are_odd[quotes - 1]


def _turns(places: Places) -> Places:
    """For each place how many stand directly before it."""
    counts = np.arange(len(places))
    starts = np.where(np.diff(places, prepend=-2) == 1, 0, counts)
    return counts - np.maximum.accumulate(starts) if len(places) else counts
