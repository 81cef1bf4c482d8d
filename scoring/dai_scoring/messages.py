"""Messages of foreign code, made fit for logs: what they quote may be of a record."""

from __future__ import annotations

import re
from collections.abc import Collection

_LONGEST = 300
# To the end of the line where it is not closed; brackets may be nested, so to the last one.
_CLOSING = {"[": "]", "{": "}"}
_QUOTED = re.compile(r"'.*?(?:'|$)|\".*?(?:\"|$)|\[(?:.*\]|.*)|\{(?:.*\}|.*)")


def without_values(said: str, names: Collection[str]) -> str:
    """What foreign code says, in one line, without what it quotes, which may be of a record.

    ``names`` are those of columns, which stay.
    """
    line = next(iter(said.strip().splitlines()), "")[:_LONGEST]

    def hidden(quoted: re.Match[str]) -> str:
        text = quoted.group()
        return text if text[1:-1] in names else f"{text[0]}...{_CLOSING.get(text[0], text[0])}"

    return _QUOTED.sub(hidden, line).rstrip(".! ")
