"""Explains why pip failed, and what to do."""

from __future__ import annotations

import re

_BROKEN = re.compile(r"after connection broken by '(.+)'")
_NONE = "(from versions: none)"
_ADVICE = "If this machine has a proxy, or a mirror of PyPI, tell pip: pip config set global.index-url URL."


def reason(stderr: str, lines: int) -> list[str]:
    """The last ``lines`` of what pip wrote on standard error, and the reason if it was the network."""
    output = stderr.strip().splitlines()[-lines:] or ["pip said nothing"]
    broken = _BROKEN.search(stderr)
    if broken:
        return [*output, f"The package index was not reached: {broken[1]}. {_ADVICE}"]
    if _NONE in stderr:
        return [*output, f"The package index was not reached, or does not have it for this machine. {_ADVICE}"]
    return output
