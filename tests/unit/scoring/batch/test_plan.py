"""How a file is read is chosen in one place, logged and counted, without a value of its records."""

from __future__ import annotations

import ast
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Tally, Way, plan_for
from dai_scoring.formats import Declined, Format
from dai_scoring.options import BadRows, Contributions, OutputColumns, Wanted
from dai_scoring.scorer import Scorer
from tests.support.engines import Sum
from tests.support.files.file_scoring import Bench
from tests.support.project import ROOT
from tests.support.ways import counted

ANEW = "columns of the input are written anew"
NOT_PASSING = "the records do not pass as they stand"
NO_RECORDS = "the model's runtime does not read records itself"
NO_NUMBERS = "the model has no columns of numbers in the file, or their missing literals differ"
MORE = "contributions or intervals are wanted"


class Reading(Sum):
    """An engine that may read lines, and always leaves them."""

    def predict_records(self, csv: Any, missing: frozenset[str] = frozenset()) -> Declined:
        return Declined("a test leaves every record")


@dataclass
class Head:
    format: Format
    schema: pa.Schema | None


def _head(form: Format, *names: str) -> Head:
    return Head(form, pa.schema([pa.field(name, pa.string()) for name in names]) if names else None)


CSV = _head(Format.CSV, "id", "x", "s")
LINES = _head(Format.JSON_LINES)
AVRO = _head(Format.AVRO, "x", "s")
PARQUET = _head(Format.PARQUET, "x", "s")
E, M, P, G, R = Way.ENGINE_RECORDS, Way.MODEL_COLUMNS, Way.PIECES, Way.ROW_GROUPS, Way.READER
PREDICTIONS = FileOptions(output_columns=OutputColumns.PREDICTIONS)
IDS = FileOptions(output_columns=OutputColumns.IDS, id_columns=("x",))
CONTRIBUTIONS = FileOptions(wanted=Wanted(Contributions.ORIGINAL))


@pytest.mark.parametrize(
    ("head", "options", "target", "ways", "declined"),
    [
        (CSV, FileOptions(), Format.CSV, (E, M, P, R), {}),
        (CSV, PREDICTIONS, Format.AVRO, (E, M, P, R), {}),
        (CSV, IDS, Format.CSV, (P, R), {E: ANEW, M: NO_NUMBERS}),
        (CSV, CONTRIBUTIONS, Format.CSV, (M, P, R), {E: MORE}),
        (CSV, FileOptions(), Format.AVRO, (P, R), {E: ANEW, M: ANEW}),
        (_head(Format.CSV, "x", "_reject_code"), FileOptions(), Format.CSV, (P, R), {E: ANEW, M: ANEW}),
        (_head(Format.CSV, "x", "_reject_code"), FileOptions(bad_rows=BadRows.FAIL), Format.CSV, (E, M, P, R), {}),
        (LINES, FileOptions(), Format.JSON_LINES, (E, M, P, R), {}),
        (LINES, FileOptions(), Format.JSON_ARRAY, (R,), {M: NOT_PASSING, P: NOT_PASSING}),
        (LINES, PREDICTIONS, Format.JSON_LINES, (R,), {M: NOT_PASSING, P: NOT_PASSING}),
        (LINES, CONTRIBUTIONS, Format.JSON_LINES, (R,), {E: MORE, M: MORE, P: MORE}),
        (AVRO, FileOptions(), Format.AVRO, (E, M, P, R), {}),
        (PARQUET, FileOptions(), Format.PARQUET, (G, R), {}),
        (PARQUET, CONTRIBUTIONS, Format.PARQUET, (G, R), {}),
        (PARQUET, PREDICTIONS, Format.PARQUET, (R,), {G: ANEW}),
        (PARQUET, FileOptions(), Format.CSV, (R,), {G: ANEW}),
        (_head(Format.PARQUET, "x", "_reject_code"), FileOptions(), Format.PARQUET, (R,), {G: ANEW}),
    ],
)
def test_the_plan(
    head: Head, options: FileOptions, target: Format, ways: tuple[Way, ...], declined: dict[Way, str]
) -> None:
    with counted() as found:
        plan = plan_for(head, options, Scorer(Reading()), target)
    assert plan.ways == ways
    assert {way: one.reason for way, one in plan.declined.items()} == declined
    assert set(found.declined) == set(declined.items())


def test_an_engine_that_reads_no_records(tmp_path: Path) -> None:
    assert plan_for(CSV, FileOptions(), Scorer(Sum()), Format.CSV).declined[E] == Declined(NO_RECORDS)
    bench = Bench(tmp_path)
    for engine, reason in ((Sum(), NO_RECORDS), (Reading(), "a test leaves every record")):
        bench.scorer = Scorer(engine)
        with counted() as ways:
            bench.score("x,s\n1,a\n")
        assert (ways.ways, ways.reasons(E)) == ({M}, {reason})


def test_a_way_that_declines_a_piece_reads_no_other_of_the_file(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.scorer = Scorer(Reading())
    rows = ["1,a"] * 30 + ["oops,a"] + ["1,a"] * 69
    with counted() as ways:
        bench.score("\n".join(["x,s", *rows, ""]), batch_rows=10)
    assert ways.taken == {M: 3, P: 7}
    assert (sum(ways.declined.values()), ways.reasons(E)) == (2, {"a test leaves every record"})


def test_the_log_says_each_reason_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "dai_scoring.batch.plan")
    tally = Tally()
    for way in (E, E, M):
        tally.declined(way, Declined("why not"))
    assert [record.getMessage() for record in caplog.records] == [
        "Some records take longer to score, with the same results, because why not. The faster way, where it fits: "
        + words
        for words in ("the model's runtime reads the records itself.", "only the model's columns are read.")
    ]


def test_threads_count_together() -> None:
    tally = Tally()

    def work(_: int) -> None:
        for _ in range(1000):
            tally.took(P)
            tally.declined(E, Declined("why not"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert tally.counts() == ({P: 8000}, {(E, "why not"): 8000})


def test_reasons_have_no_values() -> None:
    """Each is a sentence in the code, which nothing is put into."""
    found = 0
    for path in (ROOT / "scoring").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Declined":
                found += 1
                assert [type(one) for one in node.args] == [ast.Constant], path
    assert found > 50
