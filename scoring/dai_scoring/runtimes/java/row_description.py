"""A model's columns as JSON, for the classes of ``daiscoring.rows`` that score rows in Java without Python.

To find out what a model wants takes its runtime, the texts in its file and the rules of this library. So it is done
once, here, and Java is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dai_scoring.schema import Column

LEVEL = "Level"
"""The type of a category whose levels the model takes as indices."""


def inputs(columns: Sequence[Column], with_indices: bool = False) -> list[dict[str, Any]]:
    """The inputs of a model; ``with_indices`` says that it takes the levels of its categories as their indices."""
    return [_input(column, with_indices) for column in columns]


def _input(column: Column, with_indices: bool) -> dict[str, Any]:
    levels = column.levels
    return {
        "name": column.name,
        "type": LEVEL if levels is not None and with_indices else column.type.value,
        "missing": sorted(column.missing),
        "levels": None if levels is None else levels.array.to_pylist(),
        "truths": None if levels is None else list(levels.truths),
        "required": column.required,
        "with_signs": column.with_signs,
    }


def outputs(columns: Sequence[Column], domains: Sequence[Any] | None = None) -> list[dict[str, Any]]:
    """The predictions; ``domains`` has the levels of those that the model gives as an index, None for others."""
    known = domains or [None] * len(columns)
    return [
        {"name": column.name, "type": column.type.value, "levels": None if domain is None else domain.to_pylist()}
        for column, domain in zip(columns, known, strict=True)
    ]
