"""Small contents scored together, in memory, come out as the same contents scored as files."""

from __future__ import annotations

import csv
import json
import random
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.batch.summary import Summary
from dai_scoring.formats import Format
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.scorer import Scorer
from tests.support.models.penguins import PENGUIN
from tests.support.ways import counted, without

CSV, JSON, LINES = "text/csv", "application/json", "application/x-ndjson"
HEADER = "pclass,sex,age,ticket,fare,cabin"
ROW = {"pclass": 3, "sex": "male", "age": 22, "ticket": "A1", "fare": 7.25, "cabin": "C1"}


def _json(**changes: Any) -> str:
    return json.dumps({**ROW, **changes})


PLAIN = [
    (CSV, f"{HEADER}\n3,male,22,A1,7.25,C1\n"),
    (CSV, f"{HEADER}\r\n3,male,,A1,7.25,\r\n1,female,3.5,,0.1,B42"),
    (CSV, f"id;{HEADER.replace(',', ';')}\n1;3;male;22;A1;7.25;C1\n"),
    (None, f"{HEADER}\n3,male,NA,A1,7.25,NA\n"),
    (JSON, _json()),
    (JSON, _json(age=None, note='a,b\n"c"', flag=True)),
    (JSON, f"[{_json(fare='7.25')}, {_json(age=22.5)}]"),
    (JSON, f"{_json()}\n{_json(pclass=1)}\n"),
    (LINES, f"{_json()}\n\n{_json(sex='')}"),
    (LINES, _json(cabin="é", ticket="\u2028")),
    (LINES, _json(fare=123456789012345678)),
]
"""Contents that need no file."""

ODD = [
    (CSV, f'{HEADER}\n3,"male",22,A1,7.25,C1\n'),
    (CSV, f"{HEADER}\n3,male,oops,A1,7.25,C1\n1,male,1,A1,7.25,C1\n"),
    (CSV, f"{HEADER}\n3,male\n1,male,1,A1,7.25,C1\n"),
    (CSV, f"{HEADER}\n\n3,male,inf,A1,1e400,C1\n"),
    (CSV, f"{HEADER}\n"),
    (CSV, "sex,age\nmale,2\n"),
    (CSV + "; charset=ISO-8859-1", f"{HEADER}\n3,m\xe9le,22,A1,7.25,C1\n"),
    (JSON, f"[{_json()}, {json.dumps({'sex': 'male'})}]"),
    (JSON, _json(fare="oops")),
    (JSON, _json(sex=3)),
    (JSON, _json(sex=True)),
    (JSON, _json(age=1e39)),
    (JSON, _json(extra={"a": [1, 2]})),
    (JSON, _json(fare=12345678901234567890123)),
    (JSON, "[]"),
    (JSON, "[1]"),
    (JSON, '{"pclass": 3'),
    (LINES, f"{_json()}\noops\n"),
    (None, "no records at all"),
    (None, ""),
]
"""Contents of which something has to be said, or that are unusual."""


def _as_file(scorer: Scorer, folder: Path, mime: str | None, data: bytes, options: FileOptions) -> Any:
    source, target, rejected = folder / "in", folder / "out", folder / "rejected"
    source.write_bytes(data)
    for path in (target, rejected):
        path.unlink(missing_ok=True)
    summary = score_file(scorer, source, target, rejected, options, mime)
    return target.read_bytes(), rejected.read_bytes() if rejected.exists() else None, replace(summary, seconds=0)


def _compare(scorer: Scorer, folder: Path, one: Contents, answer: ScoredContents, options: FileOptions) -> None:
    contents, rejected, summary = _as_file(scorer, folder, one.mime_type, one.contents, options)
    assert replace(answer.summary, seconds=0, unseen=answer.summary.unseen or {}) == replace(
        summary, unseen=summary.unseen or {}
    ), one
    assert _as_read(answer.contents, summary) == _as_read(contents, summary), one
    assert _as_read(answer.rejected, summary) == _as_read(rejected, summary), one


def _as_read(contents: bytes | None, summary: Summary) -> Any:
    """JSON as its objects: from a file they come as they stand, with blanks that they need not have."""
    if contents is None:
        return None
    if summary.output_format is Format.JSON_ARRAY:
        return json.loads(contents)
    if summary.output_format is not Format.JSON_LINES:
        return contents
    return [json.loads(line) for line in contents.split(b"\n") if line]


OPTIONS = [
    FileOptions(),
    FileOptions(output_columns=OutputColumns.PREDICTIONS, prediction_prefix="p_"),
    FileOptions(output_columns=OutputColumns.IDS, id_columns=("ticket", "sex")),
    FileOptions(missing_columns=MissingColumns.AS_MISSING, bad_rows=BadRows.FAIL),
    FileOptions(bad_rows=BadRows.KEEP),
]


@pytest.mark.runtime
@pytest.mark.parametrize("by_engine", [True, False])
@pytest.mark.parametrize("options", OPTIONS)
def test_the_same_as_files(titanic_scorer: Scorer, tmp_path: Path, options: FileOptions, by_engine: bool) -> None:
    given = [
        Contents(text.encode("latin-1" if mime and "8859" in mime else "utf-8"), mime) for mime, text in [*PLAIN, *ODD]
    ]
    with nullcontext() if by_engine else without(Way.ROW_REQUESTS), counted() as ways:
        answers = InMemoryScorer(titanic_scorer, options).score(given)
    scored = [isinstance(answer, ScoredContents) for answer in answers]
    assert all(scored[: len(PLAIN)])
    assert ways.taken[Way.FEW_ROWS] + ways.taken[Way.ROW_REQUESTS] == sum(scored)
    assert (ways.taken[Way.ROW_REQUESTS] > 2) == (by_engine and options.output_columns is not OutputColumns.IDS)
    assert sum(scored[len(PLAIN) :]) < 13
    assert len(ways.reasons(Way.FEW_ROWS)) > 5
    for one, answer in zip(given, answers, strict=True):
        if isinstance(answer, ScoredContents):
            _compare(titanic_scorer, tmp_path, one, answer, options)


_BAD = {"bill_length_mm": ["long", True, "1e400"], "body_mass_g": ["heavy", "39,5", "NULL"], "date_egg": ["15/11/2007"]}


def _with_bad(choose: random.Random) -> Contents:
    """Contents of some rows, in one of the formats, of which any may be bad."""
    rows = []
    for number in range(choose.choice([1, 1, 2, 5])):
        row: dict[str, Any] = {"id": number, **PENGUIN, "body_mass_g": choose.choice([3250, None, "3,250.0", 3250.5])}
        if choose.random() < 0.5:
            column = choose.choice(list(_BAD))
            row[column] = choose.choice(_BAD[column])
        rows.append(row)
    form = choose.choice(["object", "array", "lines", "csv"])
    if form == "csv":
        lines = [";".join("" if value is None else str(value) for value in row.values()) for row in rows]
        return Contents("\n".join([";".join(rows[0]), *lines, ""]).encode(), CSV)
    if form == "lines":
        return Contents("".join(json.dumps(row) + "\n" for row in rows).encode(), LINES)
    return Contents(json.dumps(rows[0] if form == "object" else rows).encode(), JSON)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "options", [*OPTIONS[:2], FileOptions(output_columns=OutputColumns.IDS, id_columns=("id",)), OPTIONS[4]]
)
def test_bad_rows_are_rejected_together_as_each_file_rejects_them(
    penguins_scorer: Scorer, tmp_path: Path, options: FileOptions, seed: int
) -> None:
    choose = random.Random(seed)
    given = [_with_bad(choose) for _ in range(25)]
    with counted() as ways:
        answers = InMemoryScorer(penguins_scorer, options).score(given)
    assert ways.taken[Way.FEW_ROWS] + ways.taken[Way.ROW_REQUESTS] == 25
    assert ways.taken[Way.FEW_ROWS] > 12
    rejected = 0
    for one, answer in zip(given, answers, strict=True):
        assert isinstance(answer, ScoredContents)
        _compare(penguins_scorer, tmp_path, one, answer, options)
        rejected += answer.summary.rejected
    assert rejected > 5


@pytest.mark.parametrize(
    ("mime", "text", "start"),
    [
        (CSV, "a,b\n1,2\n", b"a,b,predict,female,male\n1,2,"),
        (JSON, '{"a":1,"b":2}', b'{"a":1,"b":2,"predict":'),
        (LINES, '{"a":1,"b":2}\n', b'{"a":1,"b":2,"predict":'),
    ],
)
def test_an_id_column_that_is_named_twice_is_kept_once(
    penguins_scorer: Scorer, tmp_path: Path, mime: str, text: str, start: bytes
) -> None:
    options = FileOptions(
        output_columns=OutputColumns.IDS, id_columns=("a", "b", "a"), missing_columns=MissingColumns.AS_MISSING
    )
    one = Contents(text.encode(), mime)
    (answer,) = InMemoryScorer(penguins_scorer, options).score([one])
    assert isinstance(answer, ScoredContents)
    assert answer.contents.startswith(start)
    _compare(penguins_scorer, tmp_path, one, answer, options)


@pytest.mark.runtime
@pytest.mark.parametrize(
    "date", ["2007-11-15", "1969-12-31", "0001-01-01", None, "", "2007-11-15T10:00:00Z", "15/11/2007"]
)
def test_dates(penguins_scorer: Scorer, tmp_path: Path, date: str | None) -> None:
    row = {"species": "Adelie", "island": "Dream", "bill_length_mm": 39.5, "bill_depth_mm": 16.7}
    row |= {"flipper_length_mm": 178, "body_mass_g": 3250, "date_egg": date}
    data = json.dumps(row).encode()
    (answer,) = InMemoryScorer(penguins_scorer, FileOptions()).score([Contents(data, JSON)])
    assert isinstance(answer, ScoredContents)
    _compare(penguins_scorer, tmp_path, Contents(data, JSON), answer, FileOptions())


@pytest.mark.parametrize("mime", [CSV, JSON, LINES])
def test_unseen_levels_are_counted_for_each_content_that_is_read_with_others(
    penguins_scorer: Scorer, samples: Path, mime: str
) -> None:
    """The contents with such levels stay on the quick way, which reads them as one."""
    rows = list(csv.DictReader((samples / "penguins-rows.csv").open()))
    given, wanted = [], []
    for number in range(80):
        group = [dict(rows[(number * 7 + index) % len(rows)], island="Dream", species="Adelie") for index in range(5)]
        for row in group[: number % 3]:
            row["island"] = f"Atlantis {number}"
        if number % 5 == 0:
            group[-1]["species"] = "Dodo"
        counts = {"species": int(number % 5 == 0), "island": number % 3}
        wanted.append({name: count for name, count in counts.items() if count})
        lines = [json.dumps(row) for row in group]
        text = {
            CSV: "\n".join([",".join(group[0]), *(",".join(row.values()) for row in group), ""]),
            JSON: f"[{','.join(lines)}]",
            LINES: "\n".join([*lines, ""]),
        }[mime]
        given.append(Contents(text.encode(), mime))
    with without(Way.ROW_REQUESTS), counted() as ways:
        alone = [InMemoryScorer(penguins_scorer, FileOptions()).score([one])[0] for one in given]
    assert ways.ways == {Way.FEW_ROWS}
    with without(Way.ROW_REQUESTS), counted() as ways:
        together = InMemoryScorer(penguins_scorer, FileOptions()).score(given)
    assert ways.taken[Way.MERGED] == len(given)
    with counted() as ways:
        by_engine = InMemoryScorer(penguins_scorer, FileOptions()).score(given)
    assert ways.taken[Way.ROW_REQUESTS] == len(given)
    for answers in (alone, together, by_engine):
        assert [one.summary.unseen for one in answers if isinstance(one, ScoredContents)] == wanted
