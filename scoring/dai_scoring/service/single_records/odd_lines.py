"""Finds records whose values seem to be of other kinds than those of most records, by their first characters alone.

It is a guess that costs a tenth of parsing them, and the other records have to be checked: a name may also stand in a
value.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import orjson

from dai_scoring.formats import Declined
from dai_scoring.formats.json.wanted_columns import places

_NULL, _NUMBER, _OTHER = 0, 1, 5
_SPACE = np.isin(np.arange(256), np.frombuffer(b" \t:", np.uint8))
_KINDS = np.full(256, _OTHER, np.uint8)
_KINDS[np.frombuffer(b"-0123456789", np.uint8)] = _NUMBER
_KINDS[ord('"')] = 2
_KINDS[np.frombuffer(b"tf", np.uint8)] = 3
_KINDS[np.frombuffer(b"[{", np.uint8)] = 4
_KINDS[ord("n")] = _NULL

_NOT_ONCE = Declined("the name of a column is not once on each line")


def odd_lines(data: bytes, names: Sequence[str]) -> list[int] | Declined:
    """The numbers of the lines that differ from most lines in the kind of a column's value.

    Declined if a name is not exactly once on each line.
    """
    characters = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    is_odd = np.zeros(len(ends), bool)
    for name in names:
        text = orjson.dumps(name)
        starts = places(data, text, 1)
        if len(starts) != len(ends) or (starts > ends).any() or (starts[1:] < ends[:-1]).any():
            return _NOT_ONCE
        kinds = _KINDS[characters[_behind_space(characters, starts + len(text))]]
        counts = np.bincount(kinds, minlength=_OTHER + 1)
        counts[_NULL] = 0
        is_odd |= (kinds != _NULL) & (kinds != counts.argmax())
    return [int(one) for one in np.flatnonzero(is_odd)]


def _behind_space(characters: npt.NDArray[np.uint8], at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where the values begin: each place moved behind the colon and blanks there. A line end stops all of them."""
    while (is_space := _SPACE[characters[at]]).any():
        at = at + is_space
    return at
