"""Small contents that are written alike are read as one, and come out as each would of a file."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.batch import plan
from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from tests.support.files.file_scoring import Bench
from tests.support.ways import counted

CSV, ARRAY, LINES = "text/csv", "application/json", "application/x-ndjson"
_ODD_CELLS = ['"a"', "oops", "1,2", "", "NA", "é"]


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_LEAST_MERGED_BYTES", 0)
    monkeypatch.setattr(plan, "_LEAST_MERGED_ROWS", 0)


def _csv(choose: random.Random, odd: float, end: str, header: str = "id,x,s") -> str:
    rows = [
        f"{index},{choose.choice(_ODD_CELLS) if choose.random() < odd else choose.choice(['1', '2.50', '', 'NA'])},text"
        for index in range(choose.randint(0 if odd else 1, 5))
    ]
    return end.join([header, *rows]) + choose.choice(["", end])


def _records(choose: random.Random, odd: float) -> list[dict[str, Any]]:
    records = []
    for index in range(choose.randint(0 if odd else 2, 5)):
        record = {"id": index, "x": choose.choice([1, 2.5, None]), "s": choose.choice(["a", None, "}\n{"])}
        if not odd or choose.random() < 0.2:
            record["more"] = {"x": 1, "s": [1]}
        if choose.random() < odd:
            record.pop(choose.choice(["x", "s"]))
        if choose.random() < odd:
            record["x"] = choose.choice(["oops", "3", [1], True])
        if choose.random() < odd:
            # What stands between objects too.
            record |= choose.choice([{"s": "},{"}, {"more": [{}, {}]}])
        records.append(record)
    return records


def _contents(choose: random.Random, mime: str, odd: float) -> list[bytes]:
    texts = []
    end = choose.choice(["\n", "\r\n"])
    layout = choose.choice([{"separators": (",", ":")}, {}, {"indent": 2}])
    for _ in range(choose.randint(1, 8)):
        if mime == CSV:
            texts.append(_csv(choose, odd, "\n" if choose.random() < odd else end))
        elif mime == LINES:
            lines = [json.dumps(one, separators=(",", ":")) for one in _records(choose, odd)]
            texts.append("\n".join(lines) + choose.choice(["", "\n"]))
        else:
            texts.append(json.dumps(_records(choose, odd), **({} if choose.random() < odd else layout)))
        if choose.random() < odd / 5:
            texts[-1] = texts[-1][: choose.randint(0, len(texts[-1]))]
    return [text.encode("latin-1" if choose.random() < odd / 10 else "utf-8") for text in texts]


def _values(contents: bytes, mime: str) -> Any:
    if mime == CSV:
        return contents
    text = contents.decode()
    rows = json.loads(text) if mime == ARRAY else [json.loads(line) for line in text.split("\n") if line]
    # A key that a record lacks is null where other records of its piece have it.
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def _compare(folder: Path, contents: list[bytes], mime: str, options: FileOptions) -> int:
    """Score contents in memory and as files; how many of them were scored in memory."""
    bench = Bench(folder)
    answers = InMemoryScorer(bench.scorer, options).score([Contents(one, mime) for one in contents])
    count = 0
    for one, answer in zip(contents, answers, strict=True):
        if isinstance(answer, ScoredContents):
            count += 1
            found = bench.score(one, mime, **vars(options))
            assert (found.records, found.scored, found.output_format) == (
                answer.summary.records,
                answer.summary.scored,
                answer.summary.output_format,
            )
            assert _values(answer.contents, mime) == _values(bench.target.read_bytes(), mime)
    return count


PASSING = [
    FileOptions(),
    FileOptions(prediction_prefix="p_"),
    FileOptions(missing_columns=MissingColumns.AS_MISSING, bad_rows=BadRows.FAIL),
]
IDS = FileOptions(output_columns=OutputColumns.IDS, id_columns=("id",))


@pytest.mark.parametrize("mime", [CSV, ARRAY, LINES])
@pytest.mark.parametrize("seed", range(30))
def test_what_is_read_as_one_is_the_same_as_files(tmp_path: Path, mime: str, seed: int) -> None:
    choose = random.Random(seed)
    contents = _contents(choose, mime, 0)
    with counted() as ways:
        count = _compare(tmp_path, contents, mime, choose.choice(PASSING))
    assert ways.taken[Way.MERGED] == count == len(contents)


@pytest.mark.parametrize(
    ("mime", "reasons"),
    [
        (CSV, {"there are quotes among the text", "a row is rejected", "the contents have different headers"}),
        (
            ARRAY,
            {
                "the array does not start with two objects that have a comma between them",
                "the array does not end after an object as the others end",
                "a column is absent, or may be absent from some of the messages",
            },
        ),
        (
            LINES,
            {
                "the contents have different formats",
                "a row is rejected",
                "a column is absent, or may be absent from some of the messages",
            },
        ),
    ],
)
def test_what_cannot_be_read_as_one_is_the_same_as_files(tmp_path: Path, mime: str, reasons: set[str]) -> None:
    with counted() as ways:
        for seed in range(60):
            choose = random.Random(seed)
            contents = _contents(choose, mime, choose.choice([0.05, 0.3]))
            _compare(tmp_path, contents, mime, choose.choice([*PASSING, IDS]))
    assert reasons <= ways.reasons(Way.MERGED)
    assert ways.taken[Way.FEW_ROWS] > 20
    assert len(ways.reasons(Way.FEW_ROWS)) > 2


@pytest.mark.parametrize(
    ("mime", "contents", "answers"),
    [
        (CSV, ["x,s\n1,a\n2,b\n", "x,s\n3,c"], ["x,s,total\n1,a,2.0\n2,b,3.0\n", "x,s,total\n3,c,4.0\n"]),
        (CSV, ["x;s\r\n1;a\r\n", "x;s\r\n3;c"], ["x;s;total\r\n1;a;2.0\r\n", "x;s;total\r\n3;c;4.0\r\n"]),
        (
            LINES,
            ['{"x":1, "s":"a"}\n', '{"s":"","x":2}'],
            ['{"x":1, "s":"a","total":2.0}\n', '{"s":"","x":2,"total":2.0}\n'],
        ),
        (
            ARRAY,
            ['[{"x":1,"s":"a"}, {"x":2,"s":"a"}]', '[ {"x":1,"s":null}]\n'],
            ['[{"x":1,"s":"a","total":2.0}, {"x":2,"s":"a","total":3.0}]', '[{"x":1,"s":null,"total":0.0}]'],
        ),
    ],
)
def test_what_is_read_as_one(tmp_path: Path, mime: str, contents: list[str], answers: list[str]) -> None:
    given = [Contents(one.encode(), mime) for one in contents]
    with counted() as ways:
        answered = InMemoryScorer(Bench(tmp_path).scorer, FileOptions()).score(given)
    found = [one for one in answered if isinstance(one, ScoredContents)]
    assert ways.taken[Way.MERGED] == len(found) == len(given)
    assert [one.contents.decode() for one in found] == answers
    assert all(one.summary.records == one.summary.scored > 0 for one in found)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((CSV, "x,s\n1,a\n"), (CSV, "s,x\na,1\n")),
        ((CSV, "x,s\n1,a\n"), (None, "x,s\n1,a\n")),
        ((CSV, "x,s\n1,a\n"), (CSV, "x,s\noops,a\n")),
        ((CSV, "x,s\n1,a\n"), (CSV, 'x,s\n1,"a"\n')),
        ((CSV, "x,s\n1,a\n"), (CSV, "x,s\n1,a\n\n")),
        ((LINES, '{"x":1,"s":"a"}'), (LINES, '{"x":1}')),
        ((LINES, '{"x":1,"s":"a"}'), (LINES, '{"x":1,"m":{"s":"a"}}')),
        ((LINES, '{"x":1,"s":"a"}'), (ARRAY, '{"x":1,"s":"a"}')),
        ((ARRAY, '[{"x":1,"s":"a"},{"x":1,"s":"a"}]'), (ARRAY, '[{"x":1,"s":"a"},{"x":1}')),
        ((ARRAY, '[{"x":1,"s":"a"},{"x":1,"s":"a"}]'), (ARRAY, '[{"x":1,"s":"a"}] 7')),
        ((ARRAY, '[{"x":1,"s":"a"},{"x":1,"s":"a"}]'), (ARRAY, "[]")),
        ((ARRAY, '[{"x":1,"s":"a"},{"x":1,"s":"a"}]'), (ARRAY, '[{"x":1,"s":"a","total":1}]')),
        ((ARRAY, '[{"x":1,"s":"a"},{"x":1,"s":"a"}]'), (ARRAY, '[{"x":1,"m":[{"s":"a"}]}]')),
    ],
)
def test_what_is_not(tmp_path: Path, first: tuple[str | None, str], second: tuple[str | None, str]) -> None:
    given = [Contents(text.encode(), mime) for mime, text in (first, second)]
    with counted() as ways:
        InMemoryScorer(Bench(tmp_path).scorer, FileOptions()).score(given)
    assert Way.MERGED not in ways.ways
    assert len(ways.reasons(Way.MERGED)) == 1
