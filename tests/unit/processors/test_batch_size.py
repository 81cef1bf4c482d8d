"""How many bytes of waiting FlowFiles are taken together."""

from __future__ import annotations

from dai_scoring_nifi.flowfiles.batch import Outcome, TakenFlowFile
from dai_scoring_nifi.flowfiles.batch_size import BatchSize
from dai_scoring_nifi.flowfiles.outcomes import FAILURE, REJECTED, SUCCESS

MB = 1 << 20


def _learn(size: BatchSize, seconds: float, *flowfiles: tuple[int, str]) -> None:
    items = [TakenFlowFile(index, taken, {}, None) for index, (taken, _) in enumerate(flowfiles)]
    size.learn(items, [Outcome(relationship, {}) for _, relationship in flowfiles], seconds)


def test_as_many_bytes_as_are_scored_in_half_a_second() -> None:
    size = BatchSize()
    assert size.bytes == 2 * MB
    _learn(size, 0.1, (4 * MB, SUCCESS))
    assert size.bytes == 20 * MB
    _learn(size, 1.0, (20 * MB, SUCCESS))
    assert size.bytes == 10 * MB


def test_neither_a_slow_nor_a_fast_model_goes_beyond_the_limits() -> None:
    size = BatchSize()
    _learn(size, 60.0, (MB, SUCCESS))
    assert size.bytes == 2 * MB
    _learn(size, 0.1, (1 << 30, SUCCESS))
    assert size.bytes == 64 * MB


def test_a_clock_that_stood_still_says_nothing() -> None:
    size = BatchSize()
    _learn(size, 1.0, (40 * MB, SUCCESS))
    _learn(size, 0.0, (0, SUCCESS))
    assert size.bytes == 20 * MB


def test_what_was_not_scored_does_not_count() -> None:
    size = BatchSize()
    _learn(size, 1.0, (40 * MB, SUCCESS))
    # As quick as contents are that nobody can read: a slow model would get too many next.
    _learn(size, 0.001, (10 * MB, FAILURE), (10 * MB, REJECTED))
    assert size.bytes == 20 * MB
    _learn(size, 1.0, (60 * MB, FAILURE), (20 * MB, SUCCESS))
    assert size.bytes == 10 * MB
