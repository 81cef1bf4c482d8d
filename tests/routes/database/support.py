"""Types of these tests' fixtures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Done(NamedTuple):
    """How a command ended, and its JSON document."""

    code: int
    document: dict[str, Any]

    @property
    def error(self) -> str:
        return str(self.document["error"]["message"])


Command = Callable[..., Done]

Ask = Callable[..., list[tuple[Any, ...]]]
"""Runs statements, and returns the rows of the last."""

PASSWORD = "hidden-pass word"
"""Of the H2 of these tests."""
