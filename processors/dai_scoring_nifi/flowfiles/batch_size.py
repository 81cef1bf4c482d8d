"""How many bytes of waiting FlowFiles a processor takes together."""

from __future__ import annotations

_LEAST = 2 << 20
_MOST = 64 << 20
_SECONDS = 0.5


class BatchSize:
    """As many bytes as are scored in half a second, judged by the last batch; from 2 MB to 64 MB.

    FlowFiles that are taken together keep all cores busy and share what NiFi does for each call of a processor. But
    none leaves before all are scored, so a slow model must not get many. Safe for threads: they only replace a number.
    """

    def __init__(self) -> None:
        self.bytes = _LEAST

    def learn(self, size: int, seconds: float) -> None:
        """Judge by a batch of so many bytes, which took so many seconds to score."""
        if seconds > 0:
            self.bytes = min(max(_LEAST, round(size / seconds * _SECONDS)), _MOST)
