"""Requests of one row that Java reads: the same bytes as Python's way gives, or left to that."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.formats import Declined
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.scorer import Scorer
from dai_scoring.service import HttpRequest, ScoringService, h2o_few_rows, h2o_rest
from dai_scoring.service.h2o_rest import Reply
from tests.support.files.both_ways import as_file, check_both_ways
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.ways import counted, without

pytestmark = pytest.mark.runtime

JSON, LINES = "application/json", "application/x-ndjson"
OPTIONS = [
    FileOptions(),
    FileOptions(bad_rows=BadRows.KEEP),
    FileOptions(bad_rows=BadRows.FAIL, output_columns=OutputColumns.PREDICTIONS, prediction_prefix="p_"),
    FileOptions(missing_values=("-1", "none"), missing_columns=MissingColumns.AS_MISSING),
]
PENGUIN = {
    "species": "Adelie",
    "island": "Torgersen",
    "bill_length_mm": 39.1,
    "bill_depth_mm": 18.7,
    "flipper_length_mm": 181,
    "body_mass_g": 3750,
    "date_egg": "2007-11-11",
}
VALUES: Sequence[Any] = [
    *(None, "", "NA", "nan", "none", "?", -1, "-1", 0, -0.0, "0", 1, 2.5, "2.50", " 7 ", "1e2", 1e300, 2**53, 2**63),
    *(True, False, "True", "male", "Dream", "Atlantis", "Größe", "a\tb", 'say "x"', "\u2028", "\\", "/", "1,000", "$5"),
    *("2007-11-15", "2007-11-15T10:00:00Z", 1195084800000, [1], {"a": 1}, "x" * 70, 1e-7, 123456789.123456789),
]


def _changed(choose: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    """A row with other values, and maybe another order, another column, or one less."""
    found = dict(row)
    for _ in range(choose.choice([0, 1, 1, 2])):
        found[choose.choice(list(found))] = choose.choice(VALUES)
    if choose.random() < 0.2:
        found = dict(choose.sample(list(found.items()), len(found)))
    if choose.random() < 0.2:
        found[choose.choice(["id", "ä", "_reject_code", "predict", "survived.0", "male"])] = choose.choice(VALUES)
    if choose.random() < 0.05:
        del found[choose.choice(list(found))]
    return found


def _damaged(choose: random.Random, text: bytes) -> bytes:
    if choose.random() < 0.85:
        return text
    at = choose.randrange(len(text))
    return choose.choice(
        [
            text[:at],
            text[:at] + choose.choice([b"\0", b'"', b"}", b",", b"\xff", b" ", b"\\u0041"]) + text[at:],
            text[:at] + text[at + 1 :],
            text + choose.choice([b" ", b"\n", b"\r\n\t", b"]", b"{}", b"\n" + text]),
            b" " + text,
        ]
    )


def _message(choose: random.Random, row: dict[str, Any]) -> Contents:
    separators = choose.choice([(",", ":"), (", ", ": "), (" ,\n", " : ")])
    if choose.random() < 0.4:
        return _messages(choose, row, separators)
    text = json.dumps(_changed(choose, row), ensure_ascii=choose.random() < 0.2, separators=separators)
    text = choose.choice([text, f"[{text}]", f"[ {text}\n]", f"{text}\n"])
    return Contents(_damaged(choose, text.encode()), choose.choice([JSON, JSON, LINES, None, "text/plain"]))


def _messages(choose: random.Random, row: dict[str, Any], separators: tuple[str, str]) -> Contents:
    """A message of several rows, all of them alike, or not."""
    changed = _changed if choose.random() < 0.5 else _fitting
    rows = [changed(choose, row) for _ in range(choose.choice([2, 3, 9]))]
    texts = [json.dumps(one, ensure_ascii=False, separators=separators) for one in rows]
    between = choose.choice([",", ", ", ",\n", " , ", ",\r\n  "])
    form = choose.choice(["[{}]", "[{}]\n", " [ {} ]", "{}", "{}\n"])
    text = form.format((between if "[" in form else "\n").join(texts))
    return Contents(_damaged(choose, text.encode()), choose.choice([JSON, LINES, LINES, None, "text/plain"]))


def _fitting(choose: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    """A row with other values of the same types."""
    values = list(row.values())
    return {**row, "sex": choose.choice(["male", "female", "}, {", "},{", None]), "last": choose.choice(values)}


def _objects(contents: bytes) -> Any:
    text = contents if contents[:1] == b"[" else b"[%b]" % contents.strip().replace(b"}\n", b"},")
    return json.loads(text, parse_float=str, parse_int=str)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("model", ["titanic", "penguins"])
def test_messages_are_answered_with_the_same_bytes(
    model: str, options: FileOptions, titanic_scorer: Scorer, penguins_scorer: Scorer, tmp_path: Path
) -> None:
    scorer, row = (titanic_scorer, GOLDEN_ROW) if model == "titanic" else (penguins_scorer, PENGUIN)
    choose = random.Random(model)
    compared = 0
    for size in [1] * 60 + [2, 7, 40] * 12:
        given = [_message(choose, row) for _ in range(size)]
        compared += check_both_ways(scorer, given, options, tmp_path, _objects)
    assert compared > 200


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("model", ["titanic", "penguins"])
def test_large_messages_are_answered_with_the_same_bytes_as_files(
    model: str, options: FileOptions, titanic_scorer: Scorer, penguins_scorer: Scorer, tmp_path: Path
) -> None:
    scorer, row = (titanic_scorer, GOLDEN_ROW) if model == "titanic" else (penguins_scorer, PENGUIN)
    choose = random.Random(model)
    with counted() as ways:
        for _ in range(120):
            one = _messages(choose, row, choose.choice([(",", ":"), (", ", ": ")]))
            (answer,) = InMemoryScorer(scorer, options).score([one], only_by_engine=True)
            if isinstance(answer, ScoredContents):
                with without(Way.ROW_REQUESTS):
                    contents = as_file(scorer, one, options, tmp_path)
                assert answer.contents == contents, one
    assert ways.taken[Way.ROW_REQUESTS] > 20


def _request(choose: random.Random, row: dict[str, Any]) -> bytes:
    changed = _changed(choose, row)
    further = choose.choice([{}, {}, {}, {"noFieldNamesInOutput": True}, {"includeFieldsInOutput": list(changed)[:1]}])
    rows = [list(changed.values()) for _ in range(choose.choice([1, 1, 1, 1, 2, 9]))]
    for one in rows[1:]:
        one[choose.randrange(len(one))] = choose.choice([*row.values(), "], [", None])
    request = {"fields": list(changed), "rows": rows, **further}
    if choose.random() < 0.1:
        request = dict(reversed(request.items()))
    return _damaged(choose, json.dumps(request, ensure_ascii=choose.random() < 0.2).encode())


@pytest.mark.parametrize("model", ["titanic", "penguins"])
def test_requests_of_h2o_are_answered_with_the_same_bytes(
    model: str, titanic_scorer: Scorer, penguins_scorer: Scorer
) -> None:
    scorer, row = (titanic_scorer, GOLDEN_ROW) if model == "titanic" else (penguins_scorer, PENGUIN)
    scorer = scorer.with_missing(["-1"])
    choose = random.Random(model)
    compared = 0
    for size in [1] * 60 + [2, 7, 40] * 12:
        given = [_request(choose, row) for _ in range(size)]
        with counted() as ways:
            answers = h2o_few_rows.replies(scorer, given, MissingColumns.FAIL)
        with without(Way.ROW_REQUESTS):
            others = h2o_few_rows.replies(scorer, given, MissingColumns.FAIL)
        compared += ways.taken[Way.ROW_REQUESTS]
        for one, answer, other in zip(given, answers, others, strict=True):
            if isinstance(other, Reply):
                assert isinstance(answer, Reply), one
                assert (answer.body, answer.rows) == (other.body, other.rows), one
                assert (answer.unseen or {}) == (other.unseen or {}), one
            elif isinstance(answer, Reply):
                alone = h2o_rest.reply(scorer, h2o_rest.Endpoint.SCORE, one)
                assert alone is not None
                assert answer.body == alone.body, one
    assert compared > 100


@pytest.mark.parametrize("path", ["/score", "/model/score"])
def test_large_requests_get_the_same_answer_without_files(path: str, titanic_scorer: Scorer) -> None:
    rows = [{**GOLDEN_ROW, "ticket": f"A{number}"} for number in range(1000)]
    h2o = {"fields": list(GOLDEN_ROW), "rows": [list(row.values()) for row in rows]}
    body = json.dumps(rows if path == "/score" else h2o).encode()
    request = HttpRequest("POST", path, {}, {"Content-Type": JSON}, body)
    with ScoringService(titanic_scorer) as service:
        with counted() as ways:
            answer = service.respond_http(request)
        assert ways.taken[Way.ROW_REQUESTS] == 1
        with without(Way.ROW_REQUESTS):
            other = service.respond_http(request)
    assert (answer.status, answer.body) == (other.status, other.body)
    assert answer.status == 200


def test_long_names_are_not_repeated_for_many_rows(titanic_scorer: Scorer) -> None:
    rows = [[*GOLDEN_ROW.values(), None]] * 2000
    body = json.dumps({"fields": [*GOLDEN_ROW, "x" * 500_000], "rows": rows}).encode()
    tracemalloc.start()
    (answer,) = h2o_few_rows.replies(titanic_scorer, [body], MissingColumns.FAIL, only_by_engine=True)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(answer, Declined)
    assert most < 16 << 20
