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
