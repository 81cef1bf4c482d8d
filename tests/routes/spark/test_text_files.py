"""Files of CSV and JSON: the same texts, columns and rows as the library has of them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.routes.spark.streaming import run_all, stream

pytestmark = pytest.mark.runtime

Lines = list[list[str]]
Done = dict[str, tuple[int, str]]


def write(path: Path, lines: Sequence[Sequence[str]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)


@pytest.fixture(scope="module")
def lines(samples: Path) -> Lines:
    """The sample, each line with a text that has quotes, commas and blanks, and ends with a backslash."""
    with (samples / "penguins-rows.csv").open() as file:
        header, *rows = csv.reader(file)
    return [["note", *header], *([f'  say "{number}", then\\', *row] for number, row in enumerate(rows))]


@pytest.fixture(scope="module")
def expected(samples: Path, lines: Lines) -> dict[str, float]:
    with (samples / "penguins-expected.csv").open() as file:
        return {line[0]: float(one["male"]) for line, one in zip(lines[1:], csv.DictReader(file), strict=True)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, release: object) -> Path:
    return tmp_path_factory.mktemp("texts")


@pytest.fixture(scope="module")
def done(spark: dict[str, str], samples: Path, lines: Lines, folder: Path) -> Done:
    """What commands say that score these files, each into the folder of its name."""
    write(folder / "rows.csv", lines)
    write(folder / "orders" / "a.csv", lines)
    write(folder / "orders" / "b.csv", [line[::-1] for line in lines[:100]])
    write(folder / "incoming" / "a.csv", lines)
    begin = ["spark", "batch", "-m", str(samples / "penguins.mojo"), "--master", "local[2]"]
    commands = {
        "texts": [*begin, "--input", str(folder / "rows.csv")],
        "csv": [*begin, "--input", str(folder / "rows.csv"), "--output-format", "csv"],
        "orders": [*begin, "--input", str(folder / "orders")],
        "stream": [
            *stream(samples, folder, "--once", "--output-format", "csv")[3:],
            "--input",
            str(folder / "incoming"),
        ],
    }
    for name, words in commands.items():
        words += ["--output", str(folder / "out" / name)]
    return dict(zip(commands, run_all(list(commands.values()), spark, folder), strict=True))


def test_texts_of_csv_are_read_as_the_library_reads_them(done: Done, folder: Path, expected: dict[str, float]) -> None:
    assert "348 rows scored, 0 rejected" in done["texts"][1]
    table = pq.read_table(folder / "out" / "texts")
    assert dict(zip(table["note"].to_pylist(), table["male"].to_pylist(), strict=True)) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["csv", "stream"])
def test_texts_are_written_as_they_came_under_a_header(
    done: Done, folder: Path, expected: dict[str, float], name: str
) -> None:
    assert done[name][0] == 0, done[name][1]
    (written,) = [file for file in (folder / "out" / name).rglob("*.csv") if file.stat().st_size]
    with written.open(newline="") as file:
        assert {one["note"]: float(one["male"]) for one in csv.DictReader(file)} == pytest.approx(expected)


def test_a_file_with_another_order_of_columns_ends_the_run(done: Done, folder: Path) -> None:
    code, said = done["orders"]
    problem = "/orders/b.csv are not those of the other files, in their order. Score it by itself."
    assert (code, problem in said) == (9, True), said
    assert not list((folder / "out" / "orders").glob("*.parquet"))
