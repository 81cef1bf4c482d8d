"""What becomes of a FlowFile for each kind of response: relationship, attributes, contents, provenance."""

from __future__ import annotations

from pathlib import Path

from dai_scoring.batch.summary import Summary
from dai_scoring.errors import BadRowsError
from dai_scoring.formats import Format
from dai_scoring.service import Response
from dai_scoring.service.failures import failure_of
from dai_scoring.service.h2o_rest import Endpoint
from dai_scoring_nifi.flowfiles import outcomes
from dai_scoring_nifi.record_services.response import RecordServicesResponse
from tests.support.engines import Sum

MODEL = {
    "scoring.model.id": "sum",
    "scoring.model.sha256": "0" * 64,
    "scoring.runtime": "python",
    "scoring.runtime.version": "1",
}
TEXT = f"model sum (python 1, SHA-256 {'0' * 64})"


def summary(scored: int, rejected: int = 0, missing_like: tuple[str, ...] = ()) -> Summary:
    return Summary(scored + rejected, scored, rejected, Format.CSV, Format.CSV, 0.25, None, missing_like)


def counts(records: int, rejected: int) -> dict[str, str]:
    return {
        "record.count": str(records),
        "scoring.rejected.count": str(rejected),
        "scoring.duration.ms": "250",
    }


def test_scored_records() -> None:
    outcome = outcomes.scored(Response(Sum.info, b"rows", "text/csv", summary=summary(3)))
    assert (outcome.relationship, outcome.contents, outcome.further) == ("success", b"rows", None)
    assert outcome.attributes == {**MODEL, **counts(3, 0), "mime.type": "text/csv"}
    assert (outcome.details, outcome.seconds) == (f"Scored 3 records with {TEXT}", 0.25)


def test_rejected_records_are_a_further_flowfile() -> None:
    outcome = outcomes.scored(Response(Sum.info, b"rows", "text/csv", b"bad", summary(3, 2, ("NULL",))))
    assert outcome.attributes == {**MODEL, **counts(3, 2), "mime.type": "text/csv"}
    further = outcome.further
    assert further is not None
    assert (further.relationship, further.contents) == ("rejected", b"bad")
    assert "NULL" in further.attributes.pop("scoring.rejected.advice")
    assert further.attributes == {**MODEL, "mime.type": "text/csv", "record.count": "2", "scoring.scored.count": "3"}


def test_rejected_records_alone_leave_no_empty_flowfile(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    outcome = outcomes.scored(Response(Sum.info, target, "text/csv", tmp_path / "bad", summary(0, 2)))
    assert (outcome.relationship, outcome.contents, outcome.further) == ("rejected", tmp_path / "bad", None)
    assert outcome.attributes == {**MODEL, **counts(2, 2), "mime.type": "text/csv", "scoring.scored.count": "0"}
    assert outcome.details == f"Rejected all 2 records with {TEXT}"
    assert not target.exists()


def test_rejected_records_among_the_others() -> None:
    outcome = outcomes.scored(Response(Sum.info, b"rows", "text/csv", summary=summary(3, 2)))
    assert outcome.attributes == {**MODEL, **counts(5, 2), "mime.type": "text/csv", "scoring.scored.count": "3"}
    assert outcomes.only_rejected_to_rejected(outcome) is outcome
    alone = outcomes.scored(Response(Sum.info, b"rows", "text/csv", summary=summary(0, 2)))
    assert alone.relationship == "success"
    assert outcomes.only_rejected_to_rejected(alone).relationship == "rejected"


def test_record_services_add_the_attributes_of_the_writer(tmp_path: Path) -> None:
    response = RecordServicesResponse(
        Sum.info,
        tmp_path / "target",
        rejected=tmp_path / "rejected",
        summary=summary(3, 2),
        scored_attributes={"mime.type": "text/xml", "schema": "scored", "record.count": "99"},
        rejected_attributes={"mime.type": "text/xml", "schema": "rejected"},
    )
    outcome = outcomes.scored(response)
    assert outcome.attributes == {**MODEL, **counts(3, 2), "mime.type": "text/xml", "schema": "scored"}
    assert outcome.further is not None
    assert outcome.further.attributes == {
        **MODEL,
        "mime.type": "text/xml",
        "schema": "rejected",
        "record.count": "2",
        "scoring.scored.count": "3",
    }


def test_an_answer_in_the_dialect() -> None:
    response = Response(Sum.info, b"{}", "application/json", summary=summary(3), endpoint=Endpoint.SCORE)
    outcome = outcomes.scored(response)
    assert outcome.attributes == {**MODEL, **counts(3, 0), "mime.type": "application/json"}
    assert outcome.details == f"Answered {Endpoint.SCORE.value} with {TEXT}"


def test_a_failure_has_its_place() -> None:
    outcome = outcomes.failed(Sum.info, failure_of(BadRowsError(2, 7, "age", "not_a_number")))
    assert (outcome.relationship, outcome.contents) == ("failure", None)
    assert outcome.attributes.items() > MODEL.items()
    assert outcome.attributes["scoring.error.code"] == "bad_rows"
    assert (outcome.attributes["scoring.error.row"], outcome.attributes["scoring.error.column"]) == ("7", "age")
