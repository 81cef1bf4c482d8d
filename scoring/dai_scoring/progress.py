"""How functions that take a while say what they do."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float | None], None]
"""Called with what happens and a share of 1, or None if it is not known."""


def silent(what: str, share: float | None = None) -> None:
    """A Progress that says nothing."""
