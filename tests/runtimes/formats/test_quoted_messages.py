"""Messages of CSV with quotes that Java reads: the same bytes as the way for files gives, or left to that."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.formats import Format
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.scorer import Scorer
from tests.support.files.both_ways import as_file
from tests.support.models.penguins import PENGUIN
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.ways import counted

pytestmark = pytest.mark.runtime

CSV = "text/csv"
NAME = "Braund, Mr. Owen Harris"
OPTIONS = [
    FileOptions(),
    FileOptions(bad_rows=BadRows.KEEP),
    FileOptions(bad_rows=BadRows.FAIL, output_columns=OutputColumns.PREDICTIONS, prediction_prefix='p,"_'),
    FileOptions(missing_values=("-1", "none"), missing_columns=MissingColumns.AS_MISSING),
    FileOptions(output_columns=OutputColumns.IDS, id_columns=("name", "id")),
    FileOptions(delimiter=";", bad_rows=BadRows.KEEP),
    FileOptions(input_format=Format.CSV, delimiter=","),
]
TEXTS = [
    "",
    " ",
    "none",
    "-1",
    NAME,
    'say "x"',
    '"',
    '""',
    "a;b",
    "a|b",
    "a\tb",
    "Größe",
    "'x'",
    "\\",
    "a\\b",
    "\u2028",
]
ODD_TEXTS = ["a\nb", "a\r\nb", "a\rb", '\\"', "\x00", "\ufeff", "\ufdd0", "\x1a", "inf", "x" * 300, "\xa0", "=1"]
NAMES = ["id", "ä", "", " ", "a,b", 'q"', "a;b", "predict", "male", "a\nb", 'a\\"', "sep=;", "_reject_code", "x y"]


def _field(choose: random.Random, text: str, delimiter: str) -> str:
    """A field as programs write it, or in a few cases as none should."""
    needs = any(mark in text for mark in (delimiter, '"', "\r", "\n"))
    if choose.random() < 0.015:
        return choose.choice(
            [text, f'"{text}', f'{text}"', f' "{text}"', f'"{text}" ', f'"{text}"x', f'x"{text}"', f'"{text}""']
        )
    if needs or choose.random() < 0.3:
        return '"' + text.replace('"', choose.choice(['""'] * 20 + ['\\"'])) + '"'
    return text


def _message(choose: random.Random, row: Mapping[str, Any]) -> Contents:
    """A message of some rows in which fields have quotes."""
    names = list(row)
    names.insert(choose.randrange(len(names) + 1), "name" if choose.random() < 0.7 else choose.choice(NAMES))
    if choose.random() < 0.2:
        choose.shuffle(names)
    delimiter = choose.choice(",,,,;;\t|")
    end = choose.choice(["\n", "\n", "\n", "\r\n", "\r\n", "\r"])
    are_quoted = choose.random() < 0.4
    header = [_field(choose, name, delimiter) for name in names]
    if are_quoted:
        header = ['"' + name.replace('"', '""') + '"' for name in names]
    lines = [delimiter.join(header)]
    for _ in range(choose.choice([0, 1, 1, 1, 1, 1, 2, 9, 100, 101])):
        fields = [str(row.get(name, choose.choice(TEXTS))) for name in names]
        if choose.random() < 0.3:
            fields[choose.randrange(len(fields))] = choose.choice(TEXTS)
        if choose.random() < 0.02:
            fields[choose.randrange(len(fields))] = choose.choice(ODD_TEXTS)
        line = delimiter.join([_field(choose, field, delimiter) for field in fields])
        lines.append(line if choose.random() < 0.99 else choose.choice(["", '""', " ", line + delimiter, line[:-3]]))
    text = end.join([*lines, ""]) if choose.random() < 0.8 else end.join(lines)
    return Contents(_damaged(choose, text.encode()), choose.choice([CSV, CSV, CSV, None, "text/plain"]))


def _damaged(choose: random.Random, text: bytes) -> bytes:
    if choose.random() < 0.9:
        return text
    at = choose.randrange(len(text) + 1)
    odd = choose.choice([b'"', b'"', b'""', b'"\n"', b'\\"', b",", b"\xff", b" ", b"\r", b"\n", b"\xef\xbb\xbf"])
    return choose.choice([text[:at], text[:at] + odd + text[at:], text[:at] + text[at + 1 :], text + odd, odd + text])


def _check_same(scorer: Scorer, given: Sequence[Contents], options: FileOptions, folder: Path) -> tuple[int, int]:
    """How many of the messages took the way, and how many of these have quotes; each as a file is written."""
    with counted() as ways:
        answers = InMemoryScorer(scorer, options).score(given)
    scorer = scorer.with_missing(options.missing_values)
    quoted = 0
    for one, answer in zip(given, answers, strict=True):
        if isinstance(answer, ScoredContents) and not answer.summary.rejected:
            assert answer.contents == as_file(scorer, one, options, folder), one
            quoted += b'"' in one.contents
    return ways.taken[Way.ROW_REQUESTS], quoted


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("model", ["titanic", "penguins"])
def test_quoted_messages_are_answered_as_files_are(
    model: str, options: FileOptions, titanic_scorer: Scorer, penguins_scorer: Scorer, tmp_path: Path
) -> None:
    scorer, row = (titanic_scorer, GOLDEN_ROW) if model == "titanic" else (penguins_scorer, PENGUIN)
    choose = random.Random(f"{model} in quotes")
    compared = 0
    for size in [1] * 60 + [2, 7, 40] * 4:
        compared += _check_same(scorer, [_message(choose, row) for _ in range(size)], options, tmp_path)[1]
    assert (compared > 10) == (options.output_columns is not OutputColumns.IDS)


HEADER, LINE = ",".join(["name", *GOLDEN_ROW]), ",".join(map(str, GOLDEN_ROW.values()))
TAKEN = {
    "a delimiter": f'{HEADER}\n"{NAME}",{LINE}\n',
    "no end": f'{HEADER}\n"{NAME}",{LINE}',
    "returns": f'{HEADER}\r\n"{NAME}",{LINE}\r\nx,{LINE[:-2]}"C1"\r\n',
    "returns and no end": f'{HEADER}\r\n"{NAME}",{LINE[:-2]}"C1"',
    "doubled quotes": f'{HEADER}\n"say ""x""",{LINE}\n"""",{LINE}\n"""x""",{LINE}\n',
    "an empty text": f'{HEADER}\n"",{LINE.replace("22", chr(34) * 2)}\n',
    "a number": f"{HEADER}\nx,{LINE.replace('22', chr(34) + '22' + chr(34))}\n",
    "other letters": f'{HEADER}\n"Größe, ü",{LINE}\n',
    "names in quotes": f'"{HEADER.replace(",", chr(34) + "," + chr(34))}"\nx,{LINE}\n',
    "names with quotes": f'"a ""b""",{HEADER}\nx,"{NAME}",{LINE}\n',
    "a delimiter in a name": f'"a,b",{HEADER}\nx,"{NAME}",{LINE}\n',
    "a backslash": f'{HEADER}\n"a\\b",{LINE}\n',
    "all fields": f'{HEADER}\n"x","{LINE.replace(",", chr(34) + "," + chr(34))}"\n',
    "tabs": f'{HEADER}\n"x\t",{LINE}\n'.replace(",", "\t").replace('"x\t\t"', '"x\t"'),
}
LEFT = {
    "within a field": f'{HEADER}\nsay "x",{LINE}\n',
    "after a blank": f'{HEADER}\n "x",{LINE}\n',
    "before a blank": f'{HEADER}\n"x" ,{LINE}\n',
    "never closed": f'{HEADER}\n"x,{LINE}\n',
    "closed in the next row": f'{HEADER}\n"x,{LINE}\nx",{LINE}\n',
    "a line end": f'{HEADER}\n"a\nb",{LINE}\n',
    "a return": f'{HEADER}\n"a\rb",{LINE}\n',
    "a backslash before a quote": f'{HEADER}\n"say \\"x\\"",{LINE}\n',
    "a backslash at the end": f'{HEADER}\n"x\\",{LINE}\n',
    "a blank line": f'{HEADER}\n"x",{LINE}\n\n"x",{LINE}\n',
    "a blank line at the end": f'{HEADER}\n"x",{LINE}\n\n',
    "a blank line after the header": f'{HEADER}\n\n"x",{LINE}\n',
    "a backslash in the header": f'"a\\"",{HEADER}\nx,x,{LINE}\n',
    "a line end in the header": f'"a\nb",{HEADER}\nx,x,{LINE}\n',
    "another delimiter in the header": f'"a;b",{HEADER}\nx,x,{LINE}\n',
    "a name twice": f'"name",{HEADER}\nx,x,{LINE}\n',
    "what separates the fields": f'"sep=,"\n{HEADER}\nx,{LINE}\n',
}


@pytest.mark.parametrize("what", list(TAKEN))
@pytest.mark.parametrize("options", [FileOptions(), FileOptions(bad_rows=BadRows.KEEP, prediction_prefix='"')])
def test_usual_quotes_take_the_way(what: str, options: FileOptions, titanic_scorer: Scorer, tmp_path: Path) -> None:
    message = Contents(TAKEN[what].encode(), CSV)
    assert _check_same(titanic_scorer, [message], options, tmp_path) == (1, 1)
    assert _check_same(titanic_scorer, [message] * 40, options, tmp_path) == (40, 40)


@pytest.mark.parametrize("what", list(LEFT))
def test_other_quotes_are_left_to_the_way_for_files(what: str, titanic_scorer: Scorer, tmp_path: Path) -> None:
    plain = Contents(TAKEN["a delimiter"].encode(), CSV)
    given = [plain, Contents(LEFT[what].encode(), CSV), plain]
    assert _check_same(titanic_scorer, given, FileOptions(), tmp_path) == (2, 2)


def test_many_rows_with_quotes_take_the_way_too(titanic_scorer: Scorer, tmp_path: Path) -> None:
    lines = f'"{NAME}",{LINE}\n' * 50
    given = [Contents(f"{HEADER}\n{lines}".encode(), CSV)] * 40
    assert _check_same(titanic_scorer, given, FileOptions(), tmp_path) == (40, 40)
