"""How many bytes of waiting FlowFiles a processor takes together."""

from __future__ import annotations

from collections.abc import Sequence

from dai_scoring_nifi.flowfiles.batch import Outcome, TakenFlowFile
from dai_scoring_nifi.flowfiles.outcomes import SUCCESS

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

    def learn(self, items: Sequence[TakenFlowFile], outcomes: Sequence[Outcome], seconds: float) -> None:
        """Judge by a batch, which took so many seconds to score.

        What went to another relationship does not count: it was not scored, so it says nothing of the model.
        """
        size = sum(item.size for item, one in zip(items, outcomes, strict=True) if one.relationship == SUCCESS)
        if size > 0 and seconds > 0:
            self.bytes = min(max(_LEAST, round(size / seconds * _SECONDS)), _MOST)
