"""What leaves the processor: relationships, attributes, and what the provenance says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dai_scoring.option_words import Audience, sentences
from dai_scoring.scorer import ModelInfo
from dai_scoring.service import Failure, Response
from dai_scoring.values import missing
from dai_scoring.values.unseen_levels import in_words
from dai_scoring_nifi.bulletins import on_canvas
from dai_scoring_nifi.flowfiles import Outcome
from dai_scoring_nifi.record_services import ScoredRecords

SUCCESS = "success"
REJECTED = "rejected"
FAILURE = "failure"

# Of rejected records: how many others of the same FlowFile were scored; where both are together, how many of them were.
_SCORED_COUNT = "scoring.scored.count"

# Attributes are kept in memory for every queued FlowFile.
_ERROR_LENGTH = 2000


def scored(response: Response) -> Outcome:
    """The outcome of a response: scored records, and rejected ones if there are any; or an answer in H2O's dialect."""
    info, summary, contents = response.model, response.summary, response.contents
    if info is None or summary is None or contents is None:
        raise ValueError("a response without scores is no outcome")
    attributes = _model(info)
    if response.mime_type is not None:
        attributes["mime.type"] = response.mime_type
    if response.endpoint is not None:
        attributes |= {**_counts(summary.scored, 0, summary.seconds), **_unseen(summary.unseen)}
        details = f"Answered {response.endpoint.value} with {_words(info)}"
        return Outcome(SUCCESS, attributes, contents, details, summary.seconds)
    further = None
    if response.rejected is not None:
        count = {"record.count": str(summary.rejected), _SCORED_COUNT: str(summary.scored)}
        further = Outcome(REJECTED, {**attributes, **count, **_advice(summary.missing_like)}, response.rejected)
    else:
        attributes |= _advice(summary.missing_like)
    attributes |= _unseen(summary.unseen)
    return _success(info, attributes, summary.scored, summary.rejected, summary.seconds, contents, further)


def scored_by_services(info: ModelInfo, done: ScoredRecords, contents: Path, rejected: Path) -> Outcome:
    """The same of NiFi's record services, which have attributes of their own."""
    further = None
    if done.rejected.count:
        count = {"record.count": str(done.rejected.count), _SCORED_COUNT: str(done.scored.count)}
        advice = _advice(done.missing_like)
        further = Outcome(REJECTED, {**done.rejected.attributes, **_model(info), **count, **advice}, rejected)
    attributes = {**done.scored.attributes, **_model(info), **_unseen(done.unseen)}
    if further is None:
        attributes |= _advice(done.missing_like)
    rejected_count = done.rejected.count + done.among
    return _success(info, attributes, done.scored.count - done.among, rejected_count, done.seconds, contents, further)


def routed(outcome: Outcome) -> Outcome:
    """The same, sent to ``rejected`` where its records are rejected ones alone."""
    if outcome.relationship != SUCCESS or outcome.attributes.get(_SCORED_COUNT) != "0":
        return outcome
    return replace(outcome, relationship=REJECTED)


def nothing(info: ModelInfo) -> Outcome:
    """A FlowFile without contents."""
    return Outcome(SUCCESS, {**_model(info), **_counts(0, 0, 0.0)}, b"")


def failed(info: ModelInfo | None, why: Failure) -> Outcome:
    """A FlowFile that cannot be scored as a whole, and why."""
    attributes = {} if info is None else _model(info)
    attributes |= {
        "scoring.error": on_canvas(why.error)[:_ERROR_LENGTH],
        "scoring.error.code": why.code,
        "scoring.error.client": why.client[:_ERROR_LENGTH],
    }
    if why.row is not None:
        attributes["scoring.error.row"] = str(why.row)
    if why.column is not None:
        attributes["scoring.error.column"] = why.column[:_ERROR_LENGTH]
    return Outcome(FAILURE, attributes)


def _success(
    info: ModelInfo,
    attributes: dict[str, str],
    count: int,
    rejected: int,
    seconds: float,
    contents: bytes | Path,
    further: Outcome | None,
) -> Outcome:
    if count == 0 and further is not None:
        # Nothing was scored: whatever takes scores would send on an empty FlowFile.
        if isinstance(contents, Path):
            contents.unlink(missing_ok=True)
        details = f"Rejected all {rejected} records with {_words(info)}"
        return replace(
            further,
            attributes={**_counts(rejected, rejected, seconds), **further.attributes},
            details=details,
            seconds=seconds,
        )
    attributes = {**attributes, **_counts(count, rejected, seconds)}
    if rejected and further is None:
        # They are among the others.
        attributes |= {"record.count": str(count + rejected), _SCORED_COUNT: str(count)}
    return Outcome(SUCCESS, attributes, contents, f"Scored {count} records with {_words(info)}", seconds, further)


def _advice(missing_like: Sequence[str]) -> dict[str, str]:
    """The attribute that says how some rejected records could be scored."""
    advice = sentences(missing.advice(missing_like), Audience.CANVAS)
    return {"scoring.rejected.advice": " ".join(advice)} if advice else {}


def _counts(scored: int, rejected: int, seconds: float) -> dict[str, str]:
    return {
        "record.count": str(scored),
        "scoring.rejected.count": str(rejected),
        "scoring.duration.ms": str(round(seconds * 1000)),
    }


def _unseen(counts: Mapping[str, int] | None) -> dict[str, str]:
    """Nothing where the runtime does not tell a model's levels: that is not the same as none."""
    if counts is None:
        return {}
    columns = {"scoring.unseen.columns": in_words(counts)} if counts else {}
    return {"scoring.unseen.count": str(sum(counts.values())), **columns}


def _model(info: ModelInfo) -> dict[str, str]:
    return {
        "scoring.model.id": info.id,
        "scoring.model.sha256": info.sha256,
        "scoring.runtime": info.runtime,
        "scoring.runtime.version": info.runtime_version,
    }


def _words(info: ModelInfo) -> str:
    return f"model {info.id} ({info.runtime} {info.runtime_version}, SHA-256 {info.sha256})"
