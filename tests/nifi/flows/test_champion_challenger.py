"""The flow realtime-champion-challenger in a real NiFi: who answers what, and how agreement is counted."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.errors import ModelRefusedError, UsageError
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.models import scoring_processors
from dai_nifi.operations.status import status
from dai_nifi.operations.swap import SwapRequest, rollback, swap
from dai_nifi.operations.undeploy import undeploy
from tests.support.models import second_model
from tests.support.nifi import provenance
from tests.support.nifi.commands import look
from tests.support.nifi.http import ask, expected
from tests.support.nifi.instance import NiFi
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.nifi

FLOW = "realtime-champion-challenger"
NAME = "rivals"
SHARE = 40
CHAMPION = "-8975201171001453986"
AGREE, DISAGREE, LOST = "Count agreement", "Count disagreement", "Count what was not compared"
REASONS = ("_reject_code", "_reject_column", "_reject_value")
NUMBERS = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")


@dataclass(frozen=True)
class Rivals:
    """The deployed flow, and what it is asked."""

    endpoint: str
    disagreements: Path
    rows: list[dict[str, Any]]
    by_champion: list[tuple[str, float, float]]

    @property
    def by_challenger(self) -> list[tuple[str, float, float]]:
        return [second_model.scores(one) for one in self.by_champion]

    def change(self, **parameters: str) -> None:
        deploy(Request(FLOW, name=NAME, parameters={k.replace("_", "."): v for k, v in parameters.items()}))

    def post(self, body: str, kind: str = "application/json") -> tuple[str, str]:
        """Who answered, and what."""
        request = urllib.request.Request(self.endpoint, body.encode(), {"Content-Type": kind})
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.headers["scoring.model.id"], response.read().decode()

    def counted(self) -> dict[str, int]:
        # Those that count; the scoring processors have counters of their own.
        found = [
            one for one in deployed.processors(deployed.find(NAME).id) if one.component.type.endswith("UpdateCounter")
        ]
        mine = {f"{one.component.name} ({one.id})" for one in found}
        counters = nipyapi.nifi.CountersApi().get_counters().counters.aggregate_snapshot.counters or []
        return {one.context.partition(" (")[0]: one.value_count for one in counters if one.context in mine}

    def processor(self, name: str) -> Any:
        return next(one for one in deployed.processors(deployed.find(NAME).id) if one.component.name == name)

    def count_of(self, name: str) -> int:
        return self.counted().get(name, 0)


def chosen(text: str) -> bool:
    """Whether the challenger gets what this decides about, by the documented rule."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 100_000 < SHARE * 1000


def until(reached: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def rivals(nifi: NiFi, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rivals]:
    folder = tmp_path_factory.mktemp("rivals")
    parameters = {
        "challenger.file": str(second_model.write(samples / "penguins.mojo", folder / "second.mojo")),
        "challenger.share": str(SHARE),
        "id.column": "number",
        "agreement.column": "predict",
        "disagreements.directory": str(folder / "disagreements"),
        "http.port": str(free_port()),
    }
    made = deploy(Request(FLOW, samples / "penguins.mojo", name=NAME, parameters=parameters))
    assert made.endpoint is not None
    with (samples / "penguins-rows.csv").open(newline="") as file:
        rows: list[dict[str, Any]] = [
            {key: (float(value) if key in NUMBERS else value) if value else None for key, value in row.items()}
            for row in csv.DictReader(file)
        ]
    # The id is not the first member, and an earlier text looks like it.
    numbered = [{"note": '"number": 5', "number": number, **row} for number, row in enumerate(rows)]
    yield Rivals(made.endpoint, folder / "disagreements", numbered, expected(samples))
    undeploy(NAME, force=True)


def is_row(row: Mapping[str, Any], scores: tuple[str, float, float]) -> bool:
    return row["predict"] == scores[0] and [row["female"], row["male"]] == pytest.approx(scores[1:], abs=1e-6)


def test_predictions_alone_are_answered_and_not_compared(rivals: Rivals) -> None:
    before = rivals.counted()
    picked = [number for number in range(len(rivals.rows)) if chosen(str(number))][:2]
    other = next(number for number in range(len(rivals.rows)) if not chosen(str(number)))
    names = ("predict", "female", "male")
    for number in (*picked, other):
        for query, wanted in (
            ("columns=predictions", names),
            ("columns=predictions&bad_rows=keep", (*names, *REASONS)),
        ):
            row = {**rivals.rows[number], "_note": "x"}
            answer = ask(f"{rivals.endpoint}?{query}", json.dumps(row), "application/json")
            assert (answer.status, set(json.loads(answer.body))) == (200, set(wanted))
            assert is_row(json.loads(answer.body), rivals.by_champion[number])
    assert ask(f"{rivals.endpoint}?columns=ids", json.dumps(rivals.rows[0]), "application/json").status == 400
    assert rivals.counted() == before


def test_in_shadow_the_champion_answers_and_agreement_is_what_one_would_count(rivals: Rivals) -> None:
    for row, scores in zip(rivals.rows, rivals.by_champion, strict=True):
        model, answer = rivals.post(json.dumps(row))
        assert model == CHAMPION
        assert is_row(json.loads(answer), scores)
    pairs = list(zip(rivals.rows, rivals.by_champion, rivals.by_challenger, strict=True))
    copied = [(row, one, other) for row, one, other in pairs if chosen(str(row["number"]))]
    differing = {row["number"]: other for row, one, other in copied if one[0] != other[0]}
    assert 0 < len(differing) < len(copied)
    until(lambda: rivals.count_of(AGREE) + rivals.count_of(DISAGREE) == len(copied))
    assert rivals.count_of(AGREE) == len(copied) - len(differing)
    assert rivals.count_of(LOST) == 0
    # Where those that agree end, and those that do not.
    ends = ((AGREE, "agree", len(copied) - len(differing)), ("Gather for 10 seconds", "disagree", len(differing)))
    for name, route, count in ends:
        terms = {"ProcessorID": rivals.processor(name).id, "EventType": "DROP"}
        told = [provenance.attributes(one) for one in provenance.events(terms, count)]
        assert {one["QueryRecord.Route"] for one in told} == {route}
        assert {one["scoring.model.id"] for one in told} == {second_model.ID}
        assert sum(int(one["record.count"]) for one in told) == count

    def written() -> list[dict[str, Any]]:
        files = [one for one in rivals.disagreements.glob("*") if not one.name.startswith(".")]
        return [json.loads(line) for one in files for line in one.read_text().splitlines()]

    until(lambda: len(written()) == len(differing))
    assert {row["number"] for row in written()} == set(differing)
    for row in written():
        male = differing[row["number"]][2]
        assert (row["predict"] != row["challenger_predict"], row["challenger_male"]) == (True, pytest.approx(male))


def test_numbers_agree_within_the_tolerance(rivals: Rivals) -> None:
    tolerance = 0.1
    rivals.change(agreement_column="male", agreement_tolerance=str(tolerance), challenger_share="100")
    try:
        before = rivals.counted()
        # In one request, as CSV, where NiFi reads what the champion wrote as text.
        lines = [",".join(rivals.rows[0])[5:]]
        lines += [",".join("" if v is None else str(v) for k, v in row.items() if k != "note") for row in rivals.rows]
        assert rivals.post("\n".join(lines), "text/csv")[0] == CHAMPION
        agreeing = sum(
            abs(one[2] - other[2]) <= tolerance
            for one, other in zip(rivals.by_champion, rivals.by_challenger, strict=True)
        )
        assert 0 < agreeing < len(rivals.rows)
        until(lambda: rivals.count_of(DISAGREE) - before[DISAGREE] == len(rivals.rows) - agreeing)
        until(lambda: rivals.count_of(AGREE) - before[AGREE] == agreeing)
    finally:
        rivals.change(agreement_column="predict", agreement_tolerance="0", challenger_share=str(SHARE))


def test_the_challenger_answers_its_share_and_always_the_same(rivals: Rivals) -> None:
    rivals.change(challenger_mode="answer")
    try:
        before = rivals.counted()
        answered = []
        for row, one, other in zip(rivals.rows, rivals.by_champion, rivals.by_challenger, strict=True):
            model, answer = rivals.post(json.dumps([row]))
            assert model == (second_model.ID if chosen(str(row["number"])) else CHAMPION)
            assert is_row(json.loads(answer)[0], other if model == second_model.ID else one)
            answered.append(model)
        share = answered.count(second_model.ID) / len(answered)
        assert share == pytest.approx(SHARE / 100, abs=0.08)
        assert [rivals.post(json.dumps([row]))[0] for row in rivals.rows[:20]] == answered[:20]
        # A number in quotes is the same id; of several rows the first decides, in lines as in an array.
        texts = [{**row, "number": str(row["number"])} for row in rivals.rows[:20]]
        assert [rivals.post(json.dumps(row))[0] for row in texts] == answered[:20]
        lines = ["\n".join(json.dumps(row) for row in rivals.rows[at : at + 3]) for at in range(20)]
        assert [rivals.post(text, "application/x-ndjson")[0] for text in lines] == answered[:20]
        # CSV has no names beside its values: the request as a whole decides.
        head = ",".join(rivals.rows[0])[5:]
        for row in rivals.rows[:20]:
            text = f"{head}\n" + ",".join("" if v is None else str(v) for k, v in row.items() if k != "note")
            whole = hashlib.sha256(text.encode()).hexdigest()
            assert rivals.post(text, "text/csv")[0] == (second_model.ID if chosen(whole) else CHAMPION)
        # Errors are answered whoever would have scored, and questions about the model by the champion.
        assert {ask(rivals.endpoint, json.dumps({"number": n}), "application/json").status for n in range(9)} == {400}
        assert ask(rivals.endpoint.replace("/score", "/model/id")).body == CHAMPION
        assert ask(rivals.endpoint.replace("/score", "/nothing")).status == 404
        assert rivals.counted() == before
    finally:
        rivals.change(challenger_mode="shadow")


def test_the_challenger_is_swapped_alone_and_agreement_is_shown(rivals: Rivals, samples: Path, tmp_path: Path) -> None:
    rivals.change(challenger_share="100")
    champion = scoring_processors.find(deployed.find(NAME))
    (before,) = [one.revision.version for one in champion.now()]
    was = status(NAME)
    # The champion's own scores, so that every row agrees.
    same = Path(shutil.copyfile(samples / "penguins.mojo", tmp_path / "same.mojo"))
    try:
        swapped = swap(SwapRequest(NAME, same, of="challenger"))
        assert (swapped.action, swapped.of, swapped.new_id) == ("swapped", "challenger", CHAMPION)
        for row in rivals.rows[:30]:
            assert rivals.post(json.dumps(row))[0] == CHAMPION
        assert was.agreement is not None
        agreed = was.agreement.agreed + 30
        until(lambda: status(NAME).agreement == replace(was.agreement, agreed=agreed))
        shown = look("status", NAME, "--url", str(nipyapi.config.nifi_config.host)).stdout
        assert re.search(rf"champion and challenger agree in {agreed:,} of [\d,]+ rows", shown)
        # The champion was neither stopped nor told of another model.
        assert [one.revision.version for one in champion.now()] == [before]
        assert (status(NAME).model, status(NAME).previous) == (was.model, was.previous)
        assert "next.request" not in champion.states()[0].nodes[0]
        back = rollback(NAME, of="challenger")
        assert (back.new, status(NAME).parameters["challenger.file"]) == (swapped.old, swapped.old)
        until(lambda: second_model.ID in {one.id for one in status(NAME).loaded})
    finally:
        rivals.change(challenger_share=str(SHARE))
    with pytest.raises(UsageError, match="--of is model or challenger"):
        rollback(NAME, of="both")


def test_a_challenger_that_fails_is_nothing_to_the_client(rivals: Rivals, titanic: Path, tmp_path: Path) -> None:
    second = deploy(Request(FLOW, name=NAME)).parameters["challenger.file"]
    rivals.change(challenger_file=str(titanic), challenger_share="100")
    assert status(NAME).parameters["challenger.file"] != second
    lost = rivals.count_of(LOST)
    for row, scores in zip(rivals.rows[:30], rivals.by_champion, strict=False):
        model, answer = rivals.post(json.dumps(row))
        assert (model, is_row(json.loads(answer), scores)) == (CHAMPION, True)
    until(lambda: rivals.count_of(LOST) == lost + 30)
    told = [one.message for one in status(NAME).bulletins if one.source == "Score a copy with the challenger"]
    assert told
    assert "missing from the records" in told[-1]
    text = tmp_path / "model.mojo"
    text.write_text("hello")
    with pytest.raises(ModelRefusedError, match="not a MOJO"):
        rivals.change(challenger_file=str(text))
    with pytest.raises(UsageError, match="shadow or answer"):
        rivals.change(challenger_mode="both")
