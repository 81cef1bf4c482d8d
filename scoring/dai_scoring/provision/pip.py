"""Why pip failed, in words that say what to do."""

from __future__ import annotations

import re

_BROKEN = re.compile(r"after connection broken by '(.+)'")
_NONE = "(from versions: none)"
_ADVICE = "If this machine has a proxy, or a mirror of PyPI, tell pip: pip config set global.index-url URL."


def reason(stderr: str, lines: int) -> list[str]:
    """The last ``lines`` of what pip wrote on standard error, and what lies behind them where it was the network."""
    told = stderr.strip().splitlines()[-lines:] or ["pip said nothing"]
    broken = _BROKEN.search(stderr)
    if broken:
        return [*told, f"The package index was not reached: {broken[1]}. {_ADVICE}"]
    if _NONE in stderr:
        return [*told, f"The package index was not reached, or does not have it for this machine. {_ADVICE}"]
    return told
