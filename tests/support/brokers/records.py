"""Messages for workers: passengers of the Titanic with an id, some of them bad."""

from __future__ import annotations

import json
from typing import Any

from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE

ROW: dict[str, Any] = {
    name: float(text) if name in ("pclass", "age", "fare") else text for name, text in GOLDEN_ROW.items()
}
COLUMNS = ",".join(ROW)
SCORES = ("survived.0", "survived.1")


def message(number: int, **changes: Any) -> bytes:
    return json.dumps({"id": number, **ROW, **changes}).encode()


def mixed(count: int, bad: int = 100) -> list[bytes]:
    """So many messages; every one in ``bad`` has a value that is no number."""
    return [message(at, **({"age": "old"} if at % bad == bad // 2 else {})) for at in range(count)]


def is_golden(scored: bytes) -> bool:
    """Whether a message has the scores of the row that all of them have."""
    found = json.loads(scored)
    return all(abs(found[name] - score) < 1e-6 for name, score in zip(SCORES, GOLDEN_SCORE, strict=True))
