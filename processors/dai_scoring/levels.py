"""The levels of a category, and which of them a value means, as H2O-3's parser reads text.

Source of the behaviour: water.parser.CsvParser of H2O-3 3.46. It cuts spaces and tabs in front of a field, never
behind one, and reads as a number ``[$][+-]digits[.digits][e[+-]digits][%]``, with blanks behind. A column of whole
numbers then has levels without decimals. What is a level as it stands is that level.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

BLANKS = " \t"
"""What H2O's parser cuts in front of a field."""

_NUMBER = re.compile(r"\$?([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(%?)[ \t]*")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_EXACT = 1 << 53


class Levels:
    """The levels that a model knows in one column, in the order of their indices."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = pa.array(texts, pa.string())
        self.known = frozenset(texts)
        self._truths = {truth: self._of_truth(str(truth).lower()) for truth in (False, True)}

    def of_truth(self, value: bool) -> str:
        """The level that a boolean means: true or false in any case, else 1 or 0; ``true`` or ``false`` without one."""
        return self._truths[value]

    def _of_truth(self, word: str) -> str:
        if word in self.known:
            return word
        alike = [text for text in self.texts.to_pylist() if text.lower() == word]
        number = "1" if word == "true" else "0"
        return alike[0] if alike else number if number in self.known else word

    def of_truths(self, values: pa.BooleanArray) -> pa.Array:
        """The same of a column."""
        return pc.if_else(values, pa.scalar(self.of_truth(True)), pa.scalar(self.of_truth(False)))

    def read(self, texts: pa.Array, missing: frozenset[str]) -> pa.Array:
        """The levels that texts mean, null for null and the missing literals; what is no level stays as it is."""
        odd = pc.and_(pc.is_valid(texts), pc.invert(pc.is_in(texts, self.texts)))
        if not pc.any(odd).as_py():
            return texts
        different = pc.unique(texts.filter(odd))
        meant = pa.array([self.meant(text, missing) for text in different.to_pylist()], pa.string())
        if meant.equals(different):
            return texts
        return pc.if_else(odd, meant.take(pc.index_in(texts, different)), texts)

    def meant(self, text: str, missing: frozenset[str]) -> str | None:
        """The level that a text means which is none as it stands; None where it is missing, else the text itself."""
        bare = text.lstrip(BLANKS)
        if bare in missing:
            return None
        if bare in self.known:
            return bare
        return next((form for form in _forms(bare) if form in self.known), text)


def _forms(text: str) -> list[str]:
    """How levels may be written that are the number a text is; empty where it is no number."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return []
    digits, percent = found.groups()
    if _WHOLE.fullmatch(digits) and not percent:
        whole = str(int(digits)) if len(digits) < 1000 else digits
        return [whole, whole + ".0"]
    number = float(digits) / (100 if percent else 1)
    whole = [str(int(number))] if number.is_integer() and abs(number) <= _EXACT else []
    return [*whole, repr(number)]
