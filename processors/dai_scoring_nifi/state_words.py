"""The component state of a processor that cannot score."""

from __future__ import annotations

from dai_nifi_protocol import NO, State

_LENGTH = 1000


def not_scoring(problem: str) -> dict[str, str]:
    """The state of a processor that was started and cannot score, and why."""
    return {State.SCORES: NO, State.PROBLEM: " ".join(problem.split())[:_LENGTH]}
