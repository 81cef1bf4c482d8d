"""Messages of foreign code, made fit for logs: what they quote may be of a record."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import pyarrow as pa

_LONGEST = 300
# To the end of the line where it is not closed; brackets may be nested, so to the last one.
_CLOSING = {"[": "]", "{": "}"}
_QUOTED = re.compile(r"'.*?(?:'|$)|\".*?(?:\"|$)|\[(?:.*\]|.*)|\{(?:.*\}|.*)")


# Shorter ones tell nothing, and are words and numbers of any sentence.
_TELLING = 3
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d.]*(?:[eE][-+]?\d+)?(?![\w.])")


def without_values(said: str, names: Collection[str], columns: Sequence[pa.Array] = ()) -> str:
    """What foreign code says, in one line, without what it quotes, which may be of a record.

    ``names`` are those of columns, which stay. ``columns`` are the records that it was given: their values are left out
    where they stand without quotes too, but for those of one or two characters.
    """
    line = next(iter(said.strip().splitlines()), "")[:_LONGEST]

    def hidden(quoted: re.Match[str]) -> str:
        text = quoted.group()
        return text if text[1:-1] in names else f"{text[0]}...{_CLOSING.get(text[0], text[0])}"

    return _without(_QUOTED.sub(hidden, line), names, columns).rstrip(".! ")


def _without(line: str, names: Collection[str], columns: Sequence[pa.Array]) -> str:
    texts: set[str] = set()
    numbers: set[float] = set()
    for column in columns:
        values = column.drop_null().unique().to_pylist()
        if pa.types.is_string(column.type):
            texts.update(one for value in values if len(one := value.strip()) >= _TELLING and one in line)
        elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            numbers.update(values)

    def hidden(number: re.Match[str]) -> str:
        text = number.group()
        try:
            is_value = len(text) >= _TELLING and float(text) in numbers
        except ValueError:  # 1.2.3
            is_value = False
        return "..." if is_value else text

    for text in sorted(texts - set(names), key=len, reverse=True):
        line = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "...", line)
    return _NUMBER.sub(hidden, line)
