"""What becomes of a FlowFile: the relationship, the attributes and the provenance event for a response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dai_scoring.batch.summary import Summary
from dai_scoring.engine import ModelInfo
from dai_scoring.option_words import Audience, sentences
from dai_scoring.service import Failure, Response
from dai_scoring.values import missing
from dai_scoring.values.unseen_levels import counts_as_text
from dai_scoring_nifi.flowfiles.batch import Outcome
from dai_scoring_nifi.record_services.response import RecordServicesResponse
from dai_scoring_nifi.reporting.error_text import on_canvas

SUCCESS = "success"
REJECTED = "rejected"
FAILURE = "failure"

# For rejected records: how many others of the same FlowFile were scored. Where both kinds are in one FlowFile: how many
# of its records were scored.
_SCORED_COUNT = "scoring.scored.count"

# Attributes are kept in memory for every queued FlowFile.
_ERROR_LENGTH = 2000


def scored(response: Response) -> Outcome:
    """The outcome of a response: scored records, and rejected ones if there are any; or an answer in H2O's dialect."""
    model, summary, contents = response.model, response.summary, response.contents
    if model is None or summary is None or contents is None:
        raise ValueError("a response without scores has no outcome")
    attributes = _model(model)
    if response.mime_type is not None:
        attributes["mime.type"] = response.mime_type
    if response.endpoint is not None:
        attributes |= {**_counts(summary.scored, 0, summary.seconds), **_unseen(summary.unseen)}
        details = f"Answered {response.endpoint.value} with {_model_text(model)}"
        return Outcome(SUCCESS, attributes, contents, details, summary.seconds)
    of_scored, of_rejected = (
        (response.scored_attributes, response.rejected_attributes)
        if isinstance(response, RecordServicesResponse)
        else ({}, {})
    )
    advice, further = _advice(summary.missing_like), None
    if response.rejected is not None:
        count = {"record.count": str(summary.rejected), _SCORED_COUNT: str(summary.scored)}
        further = Outcome(REJECTED, {**of_rejected, **attributes, **count, **advice}, response.rejected)
        if summary.scored == 0:
            return _only_rejected(model, summary, contents, further)
    attributes = {**of_scored, **attributes, **_counts(summary.scored, summary.rejected, summary.seconds)}
    attributes |= _unseen(summary.unseen)
    if further is None:
        attributes |= advice
        if summary.rejected:
            # They are among the others.
            attributes |= {"record.count": str(summary.records), _SCORED_COUNT: str(summary.scored)}
    details = f"Scored {summary.scored} records with {_model_text(model)}"
    return Outcome(SUCCESS, attributes, contents, details, summary.seconds, further)


def failed(model: ModelInfo | None, failure: Failure) -> Outcome:
    """The outcome of a FlowFile that cannot be scored as a whole, with the reason."""
    attributes = {} if model is None else _model(model)
    attributes |= {
        "scoring.error": on_canvas(failure.error)[:_ERROR_LENGTH],
        "scoring.error.code": failure.code,
        "scoring.error.client": failure.client[:_ERROR_LENGTH],
    }
    if failure.row is not None:
        attributes["scoring.error.row"] = str(failure.row)
    if failure.column is not None:
        attributes["scoring.error.column"] = failure.column[:_ERROR_LENGTH]
    return Outcome(FAILURE, attributes)


def only_rejected_to_rejected(outcome: Outcome) -> Outcome:
    """The same outcome, but ``rejected`` instead of ``success`` if it has rejected records only."""
    if outcome.relationship != SUCCESS or outcome.attributes.get(_SCORED_COUNT) != "0":
        return outcome
    return replace(outcome, relationship=REJECTED)


def _only_rejected(model: ModelInfo, summary: Summary, contents: bytes | Path, rejected: Outcome) -> Outcome:
    """The rejected records alone: scores of no records would be an empty FlowFile."""
    if isinstance(contents, Path):
        contents.unlink(missing_ok=True)
    return replace(
        rejected,
        attributes={**_counts(summary.rejected, summary.rejected, summary.seconds), **rejected.attributes},
        details=f"Rejected all {summary.rejected} records with {_model_text(model)}",
        seconds=summary.seconds,
    )


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
    """Counts of unseen levels; without an attribute if the runtime does not know a model's levels."""
    if counts is None:
        return {}
    columns = {"scoring.unseen.columns": counts_as_text(counts)} if counts else {}
    return {"scoring.unseen.count": str(sum(counts.values())), **columns}


def _model(info: ModelInfo) -> dict[str, str]:
    return {
        "scoring.model.id": info.id,
        "scoring.model.sha256": info.sha256,
        "scoring.runtime": info.runtime,
        "scoring.runtime.version": info.runtime_version,
    }


def _model_text(info: ModelInfo) -> str:
    return f"model {info.id} ({info.runtime} {info.runtime_version}, SHA-256 {info.sha256})"
