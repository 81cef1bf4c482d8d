"""Records of JSON drawn at random, plain and odd, for the tests of its quick ways."""

from __future__ import annotations

import random
from typing import Any

_NUMBERS: list[Any] = [1, 2.5, -7, None, 1e3, 0.1, 1234567890123456789]
_ODD: list[Any] = ["3", "NA", "oops", True, [1], {"x": 1}, "", 12345678901234567890123]
_TEXTS: list[Any] = ["", "a", "é" * 3, " d ", None, "2018-01-01", 'say "x": 1', "}\n{", "\u2028", "\\", '\\"', "]"]
# What stands between objects in some layouts of arrays, where no object ends.
_NASTY: list[Any] = ['"},{"', "},{", "}, {", "},\n{", [{}, {"x": 1}, {"s": "a"}], [{"x": "},{"}, {"x": 1}], {"y": [{}]}]

# How whole files may write columns otherwise: numbers as text, texts as integers or booleans.
OTHERWISE: list[dict[str, list[Any]]] = [
    {"x": ["1", "2.50", "-7", None, "NA", " 3"]},
    {"s": [1, 22, None, -5, 1234567890123456789]},
    {"s": [True, False, None]},
    {"x": [True, False]},
]


def record(
    choose: random.Random, index: int, odd: float, other: dict[str, list[Any]], nasty: float = 0.0
) -> dict[str, Any]:
    """A record with an id, the text s and the number x, the columns of ``other`` drawn from its values."""
    made: dict[str, Any] = {"id": index, "s": choose.choice(_TEXTS), "more": {"x": [1, {"s": "}"}]}}
    if choose.random() >= odd:
        made["x"] = choose.choice(_ODD if choose.random() < odd else _NUMBERS)
    if choose.random() < odd:
        made["s"] = choose.choice([1, False, "b"])
    made |= {name: choose.choice(values) for name, values in other.items()}
    if choose.random() < nasty:
        made[choose.choice(["s", "extra"])] = choose.choice(_NASTY)
    return dict(choose.sample(list(made.items()), len(made))) if odd else made
