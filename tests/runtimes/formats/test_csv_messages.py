"""Messages of CSV that Java reads: the same bytes as Python's way gives, or left to that."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.formats import Format
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.runtimes.java import jvm
from dai_scoring.scorer import Scorer
from tests.support.files.both_ways import check_both_ways
from tests.support.models.penguins import PENGUIN
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.value_cases import TEXT_CASES
from tests.support.ways import counted

pytestmark = pytest.mark.runtime

CSV = "text/csv"
OPTIONS = [
    FileOptions(),
    FileOptions(bad_rows=BadRows.KEEP),
    FileOptions(bad_rows=BadRows.FAIL, output_columns=OutputColumns.PREDICTIONS, prediction_prefix='p,"_'),
    FileOptions(missing_values=("-1", "none"), missing_columns=MissingColumns.AS_MISSING),
    FileOptions(output_columns=OutputColumns.IDS, id_columns=("sex", "island")),
    FileOptions(delimiter=";", bad_rows=BadRows.KEEP, output_columns=OutputColumns.PREDICTIONS),
    FileOptions(charset="ISO-8859-1", input_format=Format.CSV),
    FileOptions(delimiter="."),
]
MIME_TYPES = [CSV, CSV, CSV, None, "text/plain", "text/csv; charset=ISO-8859-1", "application/json", "text/html"]
TEXTS = [
    *sorted({str(case.value) for case in TEXT_CASES}),
    *(
        "none",
        "-1",
        "Dream",
        "Atlantis",
        "Größe",
        "\u2028",
        "\x85",
        "\\",
        "a\tb",
        " 7 ",
        '"7"',
        '"a,b"',
        'say "x"',
        "'x'",
    ),
    *("\ufeff", "\ufdd0", "\x00", "\x1a", "\x7f", "1,000", "=1+1", "male", "female", "x" * 70, "NaN"),
]
NAMES = ["id", "ä", "", " ", "_reject_code", "predict", "survived.0", "male", "sex", "a b", '"q"', "p"]
HEADERS = [
    "<a>",
    "sep=",
    "{'a'",
    "[x",
    "\ufeffid",
    " id",
    "\tid",
    "PAR1",
    "%PDF-1.4",
    "Obj",
    "BZh",
    "ORC",
    "Überschrift",
]


def _message(choose: random.Random, row: dict[str, object]) -> Contents:
    """A message of some rows, most often plain."""
    names = list(row)
    if choose.random() < 0.2:
        choose.shuffle(names)
    if choose.random() < 0.3:
        names.insert(choose.randrange(len(names) + 1), choose.choice(NAMES))
    if choose.random() < 0.1:
        names.insert(0, choose.choice(HEADERS))
    if choose.random() < 0.05:
        names.remove(choose.choice(names))
    delimiter = choose.choice(",,,;;\t|.")
    end = choose.choice(["\n", "\n", "\n", "\r\n", "\r\n", "\r"])
    lines = [delimiter.join(names)]
    for _ in range(choose.choice([0, 1, 1, 1, 1, 1, 2, 9, 100, 101])):
        fields = [str(row.get(name, "")) for name in names]
        if choose.random() < 0.3:
            fields[choose.randrange(len(fields))] = choose.choice(TEXTS)
        if choose.random() < 0.02:
            fields = choose.choice([[], fields[1:], [*fields, ""], [" "]])
        lines.append(delimiter.join(fields))
    text = end.join([*lines, ""]) if choose.random() < 0.8 else end.join(lines)
    return Contents(_damaged(choose, text.encode()), choose.choice(MIME_TYPES))


def _damaged(choose: random.Random, text: bytes) -> bytes:
    if choose.random() < 0.85:
        return text
    at = choose.randrange(len(text) + 1)
    odd = choose.choice(
        [b"\0", b'"', b",", b"\xff", b" ", b"\r", b"\n", b"\r\n", b"\xef\xbb\xbf", b"\xef\xb7\x90", b"\x1a"]
    )
    return choose.choice([text[:at], text[:at] + odd + text[at:], text[:at] + text[at + 1 :], text + odd, odd + text])


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("model", ["titanic", "penguins"])
def test_messages_are_answered_with_the_same_bytes(
    model: str, options: FileOptions, titanic_scorer: Scorer, penguins_scorer: Scorer, tmp_path: Path
) -> None:
    scorer, row = (titanic_scorer, GOLDEN_ROW) if model == "titanic" else (penguins_scorer, PENGUIN)
    choose = random.Random(model)
    compared = 0
    for size in [1] * 60 + [2, 7, 40] * 8:
        compared += check_both_ways(scorer, [_message(choose, row) for _ in range(size)], options, tmp_path)
    is_plain = options.output_columns is not OutputColumns.IDS and options.charset is None and options.delimiter != "."
    assert (compared > 20) == is_plain


@pytest.mark.parametrize("model", ["titanic", "penguins"])
def test_each_text_in_each_column_means_the_same(
    model: str, titanic_scorer: Scorer, penguins_scorer: Scorer, tmp_path: Path
) -> None:
    scorer, row = (titanic_scorer, GOLDEN_ROW) if model == "titanic" else (penguins_scorer, PENGUIN)
    given = []
    for name in row:
        for text in TEXTS:
            fields = {**row, name: text}
            given.append(Contents(f"{';'.join(row)}\n{';'.join(map(str, fields.values()))}\n".encode(), CSV))
    # Few at a time: many would be read as if they were one file.
    taken = sum(
        check_both_ways(scorer, given[at : at + 30], FileOptions(), tmp_path) for at in range(0, len(given), 30)
    )
    assert taken > len(given) / 4


def test_plain_messages_take_the_way_beside_others(titanic_scorer: Scorer, tmp_path: Path) -> None:
    header, line = ",".join(GOLDEN_ROW), ",".join(map(str, GOLDEN_ROW.values()))
    plain = [
        Contents(f"{header}\n{line}\n".encode(), CSV),
        Contents(f"{header}\r\n{line}\r\n\r\n{line}".encode(), None),
        Contents(f"Ü,{header}\n{'é'},{line}".encode(), CSV),
        Contents(f"{header}\n{line}\n{line}\n".replace(",", "\t").encode(), "text/tab-separated-values"),
    ]
    odd = [
        Contents(f"{header}\n{line.replace('male', 'ma' + chr(34) + 'le')}\n".encode(), CSV),
        Contents(f"{header}\n{line},1\n".encode(), CSV),
        Contents(f"{header}\n{line}\xff\n".encode("latin-1"), CSV),
        Contents(f"{header}\n".encode(), CSV),
        Contents(b"", CSV),
    ]
    for one in plain:
        assert check_both_ways(titanic_scorer, [one], FileOptions(), tmp_path) == 1
    assert check_both_ways(titanic_scorer, [*plain, *odd[:2], *odd[3:]] * 3, FileOptions(), tmp_path) == 3 * len(plain)
    # Not UTF-8: none that has the same header is read with it, and all are scored.
    assert check_both_ways(titanic_scorer, [*plain, *odd], FileOptions(), tmp_path) == len(plain) - 1


def test_messages_of_many_rows_are_read_together(titanic_scorer: Scorer, tmp_path: Path) -> None:
    header, line = ",".join(GOLDEN_ROW), ",".join(map(str, GOLDEN_ROW.values()))
    given = [Contents(f"{header}\n{chr(10).join([line] * 50)}\n".encode(), CSV)] * 40
    with counted() as ways:
        assert check_both_ways(titanic_scorer, given, FileOptions(), tmp_path) == 0
    assert ways.taken[Way.MERGED] == 2 * len(given)
    assert check_both_ways(titanic_scorer, given[:1], FileOptions(), tmp_path) == 1
    other = Contents(given[0].contents.replace(b",", b";"), CSV)
    assert check_both_ways(titanic_scorer, [*given, other], FileOptions(), tmp_path) == len(given) + 1


def test_headers_are_forgotten_when_there_are_many(titanic_scorer: Scorer) -> None:
    scorer = InMemoryScorer(titanic_scorer, FileOptions())
    header, line = ",".join(GOLDEN_ROW), ",".join(map(str, GOLDEN_ROW.values()))
    with counted() as ways:
        for number in [*range(150), *range(150)]:
            (answer,) = scorer.score([Contents(f"n{number},{header}\n1,{line}\n".encode(), CSV)])
            assert isinstance(answer, ScoredContents)
            assert answer.contents.startswith(f"n{number},{header},".encode())
    assert ways.taken[Way.ROW_REQUESTS] == 300
    wide = f"{'n' * 70_000},{header}\n1,{line}\n".encode()
    with counted() as ways:
        (answer,) = scorer.score([Contents(wide, CSV)])
    assert isinstance(answer, ScoredContents)
    assert ways.ways == {Way.FEW_ROWS}


def test_threads_that_see_many_headers_keep_little_in_java(titanic_scorer: Scorer) -> None:
    header, line = ",".join(GOLDEN_ROW), ",".join(map(str, GOLDEN_ROW.values()))
    scorer = InMemoryScorer(titanic_scorer, FileOptions())
    given = [Contents(f"h{number},{header}\n1,{line}\n".encode(), CSV) for number in range(60)]
    scorer.score(given)

    def used() -> int:
        jvm.java_class("java.lang.System").gc()
        runtime = jvm.java_class("java.lang.Runtime").getRuntime()
        return int(runtime.totalMemory() - runtime.freeMemory())

    before = used()
    threads = [threading.Thread(target=scorer.score, args=(given,)) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    # What a thread keeps to make strings has 33 KB; for each header that would be 40 MB.
    assert used() - before < 10 << 20
