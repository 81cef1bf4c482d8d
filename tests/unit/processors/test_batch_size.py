"""How many bytes of waiting FlowFiles are taken together."""

from __future__ import annotations

from dai_scoring_nifi.flowfiles.batch_size import BatchSize

MB = 1 << 20


def test_as_many_bytes_as_are_scored_in_half_a_second() -> None:
    size = BatchSize()
    assert size.bytes == 2 * MB
    size.learn(4 * MB, 0.1)
    assert size.bytes == 20 * MB
    size.learn(20 * MB, 1.0)
    assert size.bytes == 10 * MB


def test_neither_a_slow_nor_a_fast_model_goes_beyond_the_limits() -> None:
    size = BatchSize()
    size.learn(MB, 60.0)
    assert size.bytes == 2 * MB
    size.learn(1 << 30, 0.1)
    assert size.bytes == 64 * MB


def test_a_clock_that_stood_still_says_nothing() -> None:
    size = BatchSize()
    size.learn(40 * MB, 1.0)
    size.learn(0, 0.0)
    assert size.bytes == 20 * MB
