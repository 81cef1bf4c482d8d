r"""Texts that mean a missing value: those that the model knows, and others that a caller names, such as ``NULL``.

They are compared as they stand: in columns of numbers, times and truth values without the blanks around them, in text
and categories with them. They are texts: a number or a boolean of JSON, Avro, Parquet or Arrow is never one of them.
A literal that is a level of the model means missing all the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.schema import Column
from dai_scoring.values.arrow import NO_TEXT

USUAL = frozenset(
    word
    for one in ("null", "none", "nil", "na", "n/a", "nan", "missing", "unknown", "undefined", "void")
    for word in (one, one.upper(), one.capitalize())
) | {
    "\\N",
    "-",
    "--",
    "---",
    "?",
    ".",
    "*",
    "#N/A",
    "#NA",
    "#NULL!",
    "#VALUE!",
    "#DIV/0!",
    "<NA>",
    "<null>",
    "(null)",
    "NaT",
}
"""What programs and people write for a missing value."""

DECIMAL_COMMA = "39,5"
"""What stands for all numbers with commas: their values are those of records, and are not shown."""

_WITH_COMMAS = re.compile(r"[-+]?[0-9][0-9.,]*,[0-9]+%?")
_ABOUT_COMMAS = (
    "Rows were rejected for numbers with a comma: write them with a decimal point and without separators of thousands "
    "(39.5, not 39,5)."
)
_NO_VALUE = frozenset({"not_a_number", "not_an_integer", "not_a_boolean", "not_a_date"})


def parse(text: str) -> tuple[str, ...]:
    """The literals in a list separated by commas, such as ``NULL, -``."""
    return tuple(dict.fromkeys(one for word in text.split(",") if (one := word.strip())))


def blank_missing(texts: pa.Array, column: Column) -> pa.Array:
    """Text without the surrounding white space, null where it means a missing value."""
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.is_in(trimmed, literal_texts(missing_texts(column.missing))), NO_TEXT, trimmed)


@cache
def missing_texts(literals: frozenset[str]) -> frozenset[str]:
    """The texts, without the blanks around them, that mean a missing value in a column that has these literals.

    It is for columns of numbers, times and truth values. A column of text has no others than its literals, with their
    blanks; the levels of a category make the empty text missing too.
    """
    return literals | {""}


@cache
def literal_texts(literals: frozenset[str]) -> pa.Array:
    """The literals as an Arrow array, for pc.is_in."""
    return pa.array(sorted(literals), pa.string())


def widened(inputs: Sequence[Column], literals: frozenset[str]) -> tuple[Column, ...]:
    """The inputs of a model with further literals."""
    return tuple(replace(column, missing=column.missing | literals) for column in inputs)


def among(rejects: pa.Table) -> tuple[str, ...]:
    """Those of the usual texts for which rows were rejected; ``rejects`` are of the schema of rejected rows.

    It has :data:`DECIMAL_COMMA` too if rows were rejected for numbers with commas.
    """
    pairs = zip(rejects.column("code").to_pylist(), rejects.column("value").to_pylist(), strict=True)
    found = {value.strip() for code, value in pairs if code in _NO_VALUE and value is not None}
    commas = {DECIMAL_COMMA for value in found if "," in value and _WITH_COMMAS.fullmatch(value)}
    return tuple(sorted(found & USUAL | commas))


def advice(found: Sequence[str]) -> tuple[str, ...]:
    """What to do about rows that were rejected, by what :func:`among` found.

    The sentences are for :func:`dai_scoring.option_words.sentences`.
    """
    literals = [one for one in found if one != DECIMAL_COMMA]
    return (*_about_literals(literals), *([_ABOUT_COMMAS] if DECIMAL_COMMA in found else ()))


def _about_literals(literals: Sequence[str]) -> tuple[str, ...]:
    if not literals:
        return ()
    what = "that means a missing value" if len(literals) == 1 else "these mean a missing value"
    it = "it" if len(literals) == 1 else "them"
    return (f"Rows were rejected for the text {' and '.join(literals)}: if {what}, name {it} in {{missing_values}}.",)
