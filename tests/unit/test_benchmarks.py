"""What the benchmark makes of its measurements; what it measures is not tested, and nowhere is time asserted."""

from __future__ import annotations

import pytest

from dai_scoring.formats import Format
from tests.benchmarks import data
from tests.benchmarks.lanes import Burst
from tests.benchmarks.reports import cells, docs, figures, report
from tests.benchmarks.reports.cells import Cell
from tests.benchmarks.reports.figures import Turn

CELL = Cell("java", "narrow", "csv", 1000)
# Two turns with one task and two with two; seconds a FlowFile of 1,000 rows, and seconds a row of the bare runtime.
TURNS = [
    Turn(1, Burst(0.010, 0.008), 4e-6, {"Copy": (Burst(0.002, None), 1000)}),
    Turn(2, Burst(0.005, None), 4e-6, {"Copy": (Burst(0.001, None), 1000)}),
    Turn(1, Burst(0.020, 0.016), 6e-6, {"Copy": (Burst(0.002, None), 1000)}),
    Turn(2, Burst(0.010, None), 6e-6, {"Copy": (Burst(0.001, None), 1000)}),
]


def test_ratios_are_of_what_was_measured_in_the_same_turn() -> None:
    one, two = figures.of_cell(CELL, TURNS, "daimojo predict alone", 0.03)
    assert one["rows_a_second"] == {"median": 75_000.0, "min": 50_000.0, "max": 100_000.0}
    # 4 of 10 milliseconds, and 6 of 20.
    assert one["ratios"]["daimojo predict alone"] == {"median": 0.35, "min": 0.3, "max": 0.4}
    assert one["ratios"]["daimojo predict alone, in the processor"]["median"] == pytest.approx(
        (4 / 8 + 6 / 16) / 2, abs=1e-3
    )
    assert one["ratios"]["Copy"] == {"median": 0.15, "min": 0.1, "max": 0.2}
    assert two["ratios"]["one task"] == {"median": 2.0, "min": 2.0, "max": 2.0}
    assert "rows_a_second_in_processor" not in two


def test_a_flowfile_of_other_rows_is_compared_by_rows() -> None:
    slow = Cell(cells.RECORD_TRANSFORM, "narrow", "services", 1_000)
    turn = Turn(1, Burst(0.5, None), 1e-6, {cells.INSTEAD.name: (Burst(0.25, None), 100_000)})
    (found,) = figures.of_cell(slow, [turn], "MojoPipeline.transform alone", 0.03)
    assert found["ratios"][cells.INSTEAD.name]["median"] == 0.005
    assert report.ratio(found["ratios"], cells.INSTEAD.name) == "1/200"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("java", True),
        ("narrow 10000", True),
        ("java * csv 10000", True),
        ("* * * 1*", True),
        ("csv java", False),
        ("1", False),
    ],
)
def test_a_pattern_is_words_in_their_order(pattern: str, found: bool) -> None:
    assert cells.matches("java narrow csv 10000", pattern) is found


def test_every_runtime_has_every_format_and_size_and_only_java_the_wide_model() -> None:
    whole = cells.matrix(("java", "cpp"))
    assert len(whole) == 3 * 7 * 5 + 1
    assert {one.runtime for one in whole if one.model == "wide"} == {"java"}
    assert len({one.name for one in whole}) == len(whole)


def test_wide_rows_are_the_same_at_every_run() -> None:
    table = data.wide(50)
    assert table.num_columns == 200
    assert table.equals(data.wide(50))
    assert set(data.wide_target(table).to_pylist()) == {"yes", "no"}


def test_rows_are_written_in_the_format_that_is_asked_for(tmp_path) -> None:
    path = data.write(data.passengers, 3, Format.CSV, tmp_path)
    assert path.read_text().splitlines()[0] == "pclass,sex,age,ticket,fare,cabin"
    assert len(path.read_text().splitlines()) == 4


@pytest.mark.parametrize("name", ["machine", "cells", "realtime", "limits", "parts-narrow", "parts-one", "parts-wide"])
def test_the_page_has_a_place_for_each_table(name: str) -> None:
    page = docs.PAGE.read_text(encoding="utf-8")
    assert page.count(f"<!-- {name} -->\n") == page.count(f"<!-- /{name} -->") == 1
