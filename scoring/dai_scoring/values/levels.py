"""The levels of a category, and the level that a text or a truth value means.

Source of the behaviour: the parser of H2O-3 (water.parser.CsvParser, 3.46), which reads the data that models are
trained on. It drops the blanks before a value. A level as it stands always comes first. What a number means that is no
level, :meth:`Levels._numbers` says. ``Levels.java`` reads the same for lines of CSV; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.values.arrow import NO_TEXT

_BLANKS = " \t"
_NUMBER = re.compile(r"\$?([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)(%?)")
_LONGEST_NUMBER = 40
# An Arrow scalar: see NO_TEXT.
_EMPTY = pa.scalar(0, pa.int32())
_NO_ROWS = np.array([], np.int64)
# What stands for a truth value, the most usual first.
_TRUTHS = {True: ("true", "t", "1", "yes", "y"), False: ("false", "f", "0", "no", "n")}
MISSING = frozenset({"NA", "N/A", "na", "n/a", "NaN", "nan"})
"""What H2O-3 writes for a missing value; such a text is not counted as an unseen level."""


class Levels:
    """The levels of one column of a model, in the order of their indices. Safe for threads."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.array = pa.array(texts, pa.string())
        self._index: dict[str, int] = {}
        for index, text in enumerate(texts):
            self._index.setdefault(text, index)
        self._truths = {truth: _first(texts, words) for truth, words in _TRUTHS.items()}

    def find(self, text: str) -> int | None:
        """The index of the level that a text means; None if it is blank or the model has no such level."""
        found = self._index.get(text)
        if found is not None:
            return found
        bare = text.lstrip(_BLANKS)
        if not bare:
            return None
        if bare != text and bare in self._index:
            return self._index[bare]
        number = _canonical(bare.rstrip(_BLANKS))
        return None if number is None else self._numbers.get(number)

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        """The index of the level that a number means, by the text that :func:`_canonical` has for the number.

        A level such as ``1.0`` or ``01`` shows that the column was text in training, because H2O-3 writes the level of
        a number as ``1``. The server compares a column of numbers with such levels by number, if all of them are
        numbers. Otherwise both columns are text to it, and the text ``2.0`` is not the level ``2``.
        """
        numbers: dict[str, int] = {}
        as_written = True
        for text, index in self._index.items():
            number = None if text.startswith("$") or text.endswith("%") else _canonical(text)
            if number is not None:
                numbers[number] = index
                as_written &= number == text
        return numbers if as_written or len(numbers) == len(self._index) else {}

    def indices(self, texts: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
        """The index of each text's level as int32, null if it is missing or unseen; and the rows of unseen levels.

        Blanks alone are missing, as the empty text is.
        """
        if "" in self._index:
            texts = pc.if_else(pc.equal(pc.binary_length(texts), _EMPTY), NO_TEXT, texts)
        found = pc.index_in(texts, self.array)
        if found.null_count == texts.null_count:
            return found, _NO_ROWS
        open_rows = np.flatnonzero(np.asarray(pc.and_(pc.is_null(found), pc.is_valid(texts))))
        # Each different text is looked at once.
        encoded = texts.take(pa.array(open_rows)).dictionary_encode()
        words = encoded.dictionary.to_pylist()
        meant = np.array([-1 if (index := self.find(word)) is None else index for word in words], np.int32)
        is_missing = np.array([not word.strip(_BLANKS) or word in MISSING for word in words], bool)
        codes = encoded.indices.to_numpy()
        indices = np.array(found.fill_null(-1).to_numpy())
        indices[open_rows] = meant[codes]
        unseen = open_rows[(meant[codes] < 0) & ~is_missing[codes]]
        return pa.array(indices, pa.int32(), mask=indices < 0), unseen

    def indices_of(self, texts: Sequence[str | None]) -> tuple[list[int | None], list[int]]:
        """The same of few texts, as Python's objects; None is missing."""
        found: list[int | None] = []
        unseen: list[int] = []
        for row, text in enumerate(texts):
            index = None if not text else self.find(text)
            if index is None and text and text.strip(_BLANKS) and text not in MISSING:
                unseen.append(row)
            found.append(index)
        return found, unseen

    def texts(self, given: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
        """The level that each text means, null if it is missing or unseen; and the rows of unseen levels."""
        indices, unseen = self.indices(given)
        return self.array.take(indices), unseen

    @property
    def truths(self) -> tuple[str, str]:
        """The texts that stand for true and false; see :meth:`of_truths`."""
        return self._truths[True], self._truths[False]

    def of_truths(self, values: pa.Array) -> pa.Array:
        """Booleans as the texts of the levels that mean them, such as ``True``, ``TRUE``, ``1`` or ``yes``."""
        yes, no = (pa.scalar(text, pa.string()) for text in self.truths)
        return pc.if_else(values, yes, no)


def _first(texts: Sequence[str], words: Sequence[str]) -> str:
    """The level that is one of the words, whatever its case; the first word if there is no such level."""
    for word in words:
        if word in texts:
            return word
        for text in texts:
            if text.lower() == word:
                return text
    return words[0]


def _canonical(text: str) -> str | None:
    """A number as H2O-3 writes the level of it: ``1.0``, ``+1``, ``$1``, ``100%`` are ``1``. None for other texts."""
    read = _NUMBER.fullmatch(text) if 0 < len(text) <= _LONGEST_NUMBER else None
    if read is None:
        return None
    number = Decimal(read[1]).scaleb(-2 if read[2] else 0)
    return "0" if number == 0 else f"{number.normalize():f}"
