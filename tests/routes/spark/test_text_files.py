"""Files of CSV and JSON: the same texts, columns and rows as the library has of them."""

from __future__ import annotations

import csv
import io
import json
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
    for name, text in damaged(lines).items():
        (folder / "damaged").mkdir(exist_ok=True)
        (folder / "damaged" / name).write_text("\n".join(text) + "\n")
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
    for kind in ("csv", "json"):
        few = ["--input", str(folder / "damaged" / f"*.{kind}"), "--input-format", kind]
        commands[f"damaged {kind}"] = [*begin, *few]
        commands[f"damaged {kind} in a stream"] = [*stream(samples, folder / kind, "--once")[3:], *few]
        file = ["file", "-m", str(samples / "penguins.mojo"), str(folder / "damaged" / f"rows.{kind}")]
        file += [str(folder / f"library.{kind}"), "--input-format", {"json": "json-lines"}.get(kind, kind)]
        commands[f"damaged {kind} in the library"] = file
    for name, words in commands.items():
        if words[0] == "spark":
            words += ["--output", str(folder / "out" / name)]
    return dict(zip(commands, run_all(list(commands.values()), spark, folder), strict=True))


def damaged(lines: Lines) -> dict[str, list[str]]:
    """Files with six lines that are whole."""
    texts = io.StringIO()
    csv.writer(texts, lineterminator="\n").writerows([*lines[:3], lines[3][:4], [*lines[4], "more"], *lines[5:9]])
    objects = [json.dumps(dict(zip(lines[0], line, strict=True))) for line in lines[1:9]]
    objects[2:4] = [objects[2][:-9], "[1, 2]", "[1, 2", "null", '"text"', "", "no JSON"]
    return {"rows.csv": texts.getvalue().splitlines(), "rows.json": objects}


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_damaged_lines_are_rejected_as_by_the_library(
    done: Done, folder: Path, lines: Lines, expected: dict[str, float], kind: str
) -> None:
    texts = damaged(lines)[f"rows.{kind}"]
    broken = texts[3:5] if kind == "csv" else [line for line in texts[2:9] if line]
    assert f"; {len(broken)} rejected, with" in done[f"damaged {kind} in the library"][1]
    notes = [line[0] for line in (*lines[1:3], *lines[5:9])]
    for name in (f"damaged {kind}", f"damaged {kind} in a stream"):
        assert done[name][0] == 0, done[name][1]
        table = pq.read_table(folder / "out" / name)
        scored = dict(zip(table["note"].to_pylist(), table["male"].to_pylist(), strict=True))
        assert scored == pytest.approx({note: expected[note] for note in notes})
        refused = pq.read_table(folder / "out" / f"{name}_rejected").to_pylist()
        assert sorted(row["_reject_value"] for row in refused) == sorted(broken)
        reasons = {(row["_reject_code"], row["_reject_column"], row["predict"], row["male"]) for row in refused}
        assert reasons == {("malformed_row", None, None, None)}


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
