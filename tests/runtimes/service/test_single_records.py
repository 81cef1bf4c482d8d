"""Records that come one by one: each gets what it would get alone, in order, whatever is beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import TALLY, Way
from dai_scoring.options import MissingColumns, OutputColumns
from dai_scoring.scorer import Scorer
from dai_scoring.service import ScoringService
from dai_scoring.service.single_records import Failed, Outcome, RecordScorer, Rejected, Scored
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE

pytestmark = pytest.mark.runtime

ROW = {name: float(text) if name in ("pclass", "age", "fare") else text for name, text in GOLDEN_ROW.items()}


def record(**changes: Any) -> bytes:
    return json.dumps({**ROW, **changes}).encode()


GOOD = {
    "usual": record(),
    "other order": json.dumps(dict(reversed(ROW.items()))).encode(),
    "more columns": record(extra=[1, {"a": 2}], number=10**30),
    "several lines": json.dumps(ROW, indent=2).encode(),
    "number as text": record(age="22"),
    "integers": record(pclass=3, age=22),
}
BAD = {
    "value": (record(age="old"), Rejected("not_a_number", "age", "old")),
    "nested": (record(age={"a": 1}), Rejected("nested", "age", '{"a":1}')),
    "not JSON": (b"hello", Rejected("malformed_row", None, "hello")),
    "array": (b"[" + record() + b"]", Rejected("malformed_row", None, ("[" + record().decode() + "]"))),
    "two": (b'{"a": 1}\n{"a": 2}', Rejected("malformed_row", None, '{"a": 1}\n{"a": 2}')),
    "null": (b"null", Rejected("malformed_row", None, "null")),
    "no UTF-8": (b'{"pclass": "\xff"}', Rejected("malformed_row", None, '{"pclass": "�"}')),
    "empty": (b"", Rejected("no_record", reason="The message is empty.")),
    "blank": (b" \n", Rejected("no_record", reason="The message is empty.")),
    "tombstone": (None, Rejected("no_record", reason="The message is empty.")),
}


@pytest.fixture(scope="module")
def service(titanic_scorer: Scorer) -> Iterator[ScoringService]:
    with ScoringService(titanic_scorer) as service:
        yield service


def score_of(outcome: Outcome) -> tuple[float, float]:
    assert isinstance(outcome, Scored), outcome
    found = json.loads(outcome.contents)
    return found["survived.0"], found["survived.1"]


@pytest.mark.parametrize("count", [1, 3, 300])
def test_good_records_keep_their_text_and_get_their_score(service: ScoringService, count: int) -> None:
    for given in GOOD.values():
        outcomes = RecordScorer(service).score([given] * count)
        assert [score_of(one) for one in outcomes] == [pytest.approx(GOLDEN_SCORE)] * count
        assert isinstance(outcomes[-1], Scored)
        assert outcomes[-1].contents.startswith(given.replace(b"\n", b" ")[:-1].rstrip())


@pytest.mark.parametrize("count", [0, 3, 300])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_is_rejected_among_good_ones(service: ScoringService, name: str, count: int) -> None:
    bad, expected = BAD[name]
    outcomes = RecordScorer(service).score([*[record(id=at) for at in range(count)], bad, record(id="last")])
    assert outcomes[count] == expected
    ids = [json.loads(one.contents)["id"] for one in outcomes if isinstance(one, Scored)]
    assert ids == [*range(count), "last"]


def test_all_kinds_together(service: ScoringService) -> None:
    given = [*GOOD.values(), *(bad for bad, _ in BAD.values())] * 20
    outcomes = RecordScorer(service).score(given)
    alone = [RecordScorer(service).score([one])[0] for one in given[: len(GOOD) + len(BAD)]]
    assert outcomes == alone * 20


def test_a_bad_value_leaves_the_others_on_the_quick_way(service: ScoringService) -> None:
    before = TALLY.counts()[0][Way.MERGED]
    RecordScorer(service).score([record(age="old" if at % 20 == 7 else at) for at in range(400)])
    assert TALLY.counts()[0][Way.MERGED] - before == 380


def test_columns_are_missing(service: ScoringService) -> None:
    without = json.dumps({name: value for name, value in ROW.items() if name not in ("age", "sex")}).encode()
    found = RecordScorer(service).score([record()] * 200 + [without])[-1]
    assert isinstance(found, Rejected)
    assert (found.code, found.column) == ("missing_columns", "sex")
    assert str(found.reason).startswith("2 column(s) of the model are missing from the records: sex, age.")
    kept = RecordScorer(service, FileOptions(missing_columns=MissingColumns.AS_MISSING))
    nulls = record(age=None, sex=None)
    assert score_of(kept.score([record()] * 200 + [without])[-1]) == score_of(kept.score([nulls])[0])


def test_a_record_that_has_scores_already_is_rejected(service: ScoringService) -> None:
    found = RecordScorer(service).score([record(), record(**{"survived.1": 0.5})] * 100)
    assert {one.code for one in found if isinstance(one, Rejected)} == {"name_clash"}
    assert sum(isinstance(one, Scored) for one in found) == 100
    renamed = RecordScorer(service, FileOptions(prediction_prefix="p_")).score([record(**{"survived.1": 0.5})])
    assert isinstance(renamed[0], Scored)


def test_a_number_beyond_a_double_beside_a_bad_value(service: ScoringService) -> None:
    large = json.dumps({**ROW, "age": "old", "number": "?"}).replace('"?"', "1e999").encode()
    found = RecordScorer(service).score([record(), large, record()])
    assert [type(one) for one in found] == [Scored, Rejected, Scored]
    assert found[1] == Rejected("not_a_number", "age", "old")


def test_an_id_is_missing(service: ScoringService) -> None:
    options = FileOptions(output_columns=OutputColumns.IDS, id_columns=("id",))
    found = RecordScorer(service, options).score([record(id=1), record(), record(id=2)])
    assert [type(one) for one in found] == [Scored, Rejected, Scored]
    assert found[1] == RecordScorer(service, options).score([record()])[0]
    assert isinstance(found[1], Rejected)
    assert found[1].code == "missing_id_columns"


def test_reasons_of_an_earlier_scoring_change_nothing_beside_them(service: ScoringService) -> None:
    given = [record(id=1), record(age="old", _reject_code="not_a_number"), record()]
    found = RecordScorer(service).score(given)
    assert found == [RecordScorer(service).score([one])[0] for one in given]


@pytest.mark.parametrize("count", [1, 200])
def test_only_some_columns(service: ScoringService, count: int) -> None:
    options = FileOptions(output_columns=OutputColumns.IDS, id_columns=("id",))
    found = RecordScorer(service, options).score([record(id=at) for at in range(count)])
    assert isinstance(found[-1], Scored)
    assert list(json.loads(found[-1].contents)) == ["id", "survived.0", "survived.1"]
    only = RecordScorer(service, FileOptions(output_columns=OutputColumns.PREDICTIONS))
    scored, rejected = only.score([record(), record(age="old")])
    assert score_of(scored) == pytest.approx(GOLDEN_SCORE)
    assert rejected == Rejected("not_a_number", "age", "old")


def test_a_large_record(service: ScoringService) -> None:
    large = record(text="y" * 10_000_000)
    found = RecordScorer(service).score([record(), large, record()])
    assert [score_of(one) for one in found] == [pytest.approx(GOLDEN_SCORE)] * 3


def test_lines_of_csv(service: ScoringService) -> None:
    scorer = RecordScorer(service, csv_columns=list(ROW))
    good, odd, bad, short = b"3,male,22,A1,7.25,C1", b'3,male,22,"A\n1",7.25,C1', b"3,male,old,A1,7.25,C1", b"3,male"
    found = scorer.score([good, odd, bad, short, good])
    assert score_of(found[0]) == score_of(found[4]) == pytest.approx(GOLDEN_SCORE)
    assert isinstance(found[1], Scored)
    assert json.loads(found[1].contents)["ticket"] == "A\n1"
    assert found[2:4] == [Rejected("not_a_number", "age", "old"), Rejected("malformed_row", None, "3,male")]


def test_a_line_of_csv_with_a_long_text(service: ScoringService) -> None:
    columns = [*ROW, "note"]
    (found,) = RecordScorer(service, csv_columns=columns).score([b"3,male,22,A1,7.25,C1," + b"y" * 200_000])
    assert score_of(found) == pytest.approx(GOLDEN_SCORE)


def test_a_model_that_cannot_score_rejects_nothing(tmp_path: Path) -> None:
    service = ScoringService()
    outcomes = RecordScorer(service).score([record()] * 200 + [b""])
    assert {type(one) for one in outcomes[:-1]} == {Failed}
    assert isinstance(outcomes[-1], Rejected)
