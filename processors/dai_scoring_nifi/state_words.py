"""The words of a processor's state in NiFi that say whether it scores."""

from __future__ import annotations

SCORES = "scores"
"""Whether the processor scores, where it runs: yes or no."""
PROBLEM = "problem"
"""Why it does not."""
YES, NO = "yes", "no"

_LENGTH = 1000


def not_scoring(problem: str) -> dict[str, str]:
    """What a processor that was started tells while it cannot score."""
    return {SCORES: NO, PROBLEM: " ".join(problem.split())[:_LENGTH]}
