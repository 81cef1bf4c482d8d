"""Where the project is, and a progress report that says nothing."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def quiet(what: str, share: float | None = None) -> None:
    """Report no progress."""
