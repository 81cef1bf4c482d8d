"""Messages scored by the way in which the engine reads them itself, compared with the other ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.scorer import Scorer
from tests.support.ways import counted, without


def as_file(scorer: Scorer, message: Contents, options: FileOptions, folder: Path) -> bytes:
    """What is written of a message that is a file; all of its rows can be scored."""
    (folder / "in").write_bytes(message.contents)
    summary = score_file(scorer, folder / "in", folder / "out", folder / "rejected", options, message.mime_type)
    assert summary.scored == summary.records
    return (folder / "out").read_bytes()


def check_both_ways(
    scorer: Scorer,
    given: Sequence[Contents],
    options: FileOptions,
    folder: Path,
    parsed: Callable[[bytes], Any] = bytes,
) -> int:
    """Score messages with and without the way; how many of them took it.

    ``parsed`` are contents as they are compared with those of a file.
    """
    with counted() as ways:
        answers = InMemoryScorer(scorer, options).score(given)
    with without(Way.ROW_REQUESTS):
        others = InMemoryScorer(scorer, options).score(given)
    for one, answer, other in zip(given, answers, others, strict=True):
        if isinstance(other, ScoredContents):
            assert isinstance(answer, ScoredContents), one
            assert (answer.contents, answer.rejected) == (other.contents, other.rejected), one
            assert (answer.summary.records, answer.summary.scored, answer.summary.output_format) == (
                other.summary.records,
                other.summary.scored,
                other.summary.output_format,
            ), one
            assert (answer.summary.unseen or {}) == (other.summary.unseen or {}), one
        elif isinstance(answer, ScoredContents):
            assert parsed(answer.contents) == parsed(as_file(scorer, one, options, folder)), one
    return ways.taken[Way.ROW_REQUESTS]
