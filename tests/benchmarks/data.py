"""Rows to score: passengers as the titanic model knows them, the same at every run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

HEADER = "pclass,sex,age,ticket,fare,cabin"


def write_passengers(path: Path, rows: int) -> None:
    """Write a CSV file of ``rows`` rows of about 29 bytes: numbers, levels, and one value in ten missing."""
    choose = np.random.default_rng(20260101)

    def some_missing(
        values: np.ndarray[tuple[int, ...], np.dtype[np.str_]],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
        return np.where(choose.random(rows) < 0.1, "", values)

    columns = [
        choose.integers(1, 4, rows).astype(str),
        choose.choice(["male", "female"], rows),
        some_missing(np.round(choose.random(rows) * 80, 1).astype(str)),
        np.char.add("A", choose.integers(0, 900, rows).astype(str)),
        np.round(choose.random(rows) * 100, 2).astype(str),
        some_missing(choose.choice(["C1", "B42", "E101"], rows)),
    ]
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        file.writelines(",".join(row) + "\n" for row in zip(*columns, strict=True))


def write_penguins(path: Path, samples: Path, rows: int) -> None:
    """Write a CSV file of ``rows`` of the sample's rows, over and over."""
    header, *lines = (samples / "penguins-rows.csv").read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, *(lines[i % len(lines)] for i in range(rows)), ""]), encoding="utf-8")


def write_arrow(source: Path) -> Path:
    """Write a CSV file's rows as an Arrow stream beside it, numbers as numbers."""
    table = pa_csv.read_csv(source)
    path = source.with_suffix(".arrows")
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)
    return path
