"""Scores records that come one by one, as messages of a queue: many bytes in, an outcome for each out, in order.

Records that are written alike are scored in one call. The others are judged together, so that a bad record does not
make the good ones slow. Each record gets what it would get alone.
"""

from __future__ import annotations

from dai_scoring.service.single_records.outcomes import EMPTY, Failed, Outcome, Rejected, Scored
from dai_scoring.service.single_records.scorer import RecordScorer

__all__ = ["EMPTY", "Failed", "Outcome", "RecordScorer", "Rejected", "Scored"]
