"""Rows to score, the same at every run, in every format; and the models that they are for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from dai_scoring import formats
from dai_scoring.formats import Format
from tests.benchmarks.common import ROOT

SUFFIXES = {
    Format.CSV: ".csv",
    Format.JSON_LINES: ".jsonl",
    Format.JSON_ARRAY: ".json",
    Format.AVRO: ".avro",
    Format.PARQUET: ".parquet",
    Format.ARROW_STREAM: ".arrows",
}
NUMERIC, CATEGORICAL, TIMES, BOOLEANS = 130, 54, 8, 8
"""The columns of the wide rows: 200."""

_SEED = 20260101
_CHUNK = 20_000


def passengers(rows: int, seed: int = _SEED) -> pa.Table:
    """Rows of the titanic model, 6 columns, about 29 bytes of CSV: one value in ten missing in two of them."""
    choose = np.random.default_rng(seed)
    return pa.table(
        {
            "pclass": pa.array(choose.integers(1, 4, rows)),
            "sex": pa.array(["male", "female"]).take(pa.array(choose.integers(0, 2, rows))),
            "age": pa.array(np.round(choose.random(rows) * 80, 1), mask=choose.random(rows) < 0.1),
            "ticket": pc.binary_join_element_wise("A", pa.array(choose.integers(0, 900, rows)).cast(pa.string()), ""),
            "fare": pa.array(np.round(choose.random(rows) * 100, 2)),
            "cabin": _levels(choose, ["C1", "B42", "E101"], rows, 0.1),
        }
    )


def penguins(rows: int, seed: int = _SEED) -> pa.Table:
    """Rows of the sample pipeline: those of the repository, drawn so often."""
    choose = np.random.default_rng(seed)
    whole = pa_csv.read_csv(ROOT / "models" / "penguins-rows.csv")
    return whole.take(pa.array(choose.integers(0, whole.num_rows, rows))).combine_chunks()


def wide(rows: int, seed: int = _SEED) -> pa.Table:
    """Rows of the wide model, 200 columns of mixed types, about 1.4 KB of CSV; one value in twenty missing."""
    choose = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {}
    for number in range(NUMERIC):
        values = choose.normal(50, 20, rows)
        columns[f"n{number}"] = pa.array(np.round(values, number % 4), mask=choose.random(rows) < 0.05)
    for number in range(CATEGORICAL):
        names = [f"c{number}_level{level}" for level in range(3 + number * 2)]
        columns[f"c{number}"] = _levels(choose, names, rows, 0.05)
    for number in range(TIMES):
        days = choose.integers(10_000, 20_000, rows).astype("datetime64[D]")
        columns[f"t{number}"] = pa.array(days).cast(pa.string())
    for number in range(BOOLEANS):
        columns[f"b{number}"] = pa.array(choose.random(rows) < 0.4)
    return pa.table(columns)


def wide_target(table: pa.Table) -> pa.Array:
    """What the wide model is trained to tell: depends on columns of every type, with noise."""
    choose = np.random.default_rng(_SEED + 1)
    number = sum((pc.fill_null(table[f"n{i}"], 50.0).to_numpy() - 50) / 20 * (1 if i % 2 else -1) for i in range(20))
    level = sum(pc.index_in(table[f"c{i}"], table[f"c{i}"].unique()).to_numpy() % 3 - 1 for i in range(10))
    flag = sum(table[f"b{i}"].to_numpy().astype(float) for i in range(4)) - 1.6
    day = pc.cast(table["t0"], pa.date32()).cast(pa.int32()).to_numpy() / 5000 - 3
    return pa.array(np.where(number + level + flag + day + choose.normal(0, 2, table.num_rows) > 0, "yes", "no"))


def write(rows: Callable[[int, int], pa.Table], count: int, format: Format, folder: Path) -> Path:  # noqa: A002
    """A file of so many rows, made in chunks; one that is there already is the same."""
    path = folder / f"{rows.__name__}-{count}{SUFFIXES[format]}"
    if path.exists():
        return path
    writer = None
    for number, start in enumerate(range(0, count, _CHUNK)):
        table = rows(min(_CHUNK, count - start), _SEED + number)
        if writer is None:
            writer = formats.open_writer(path, format, table.schema)
        writer.put(writer.encode(table))
    if writer is not None:
        writer.close()
    return path


def quoted(rows: Callable[[int, int], pa.Table], count: int, folder: Path, *, escaped: bool) -> Path:
    """A file of CSV whose texts are in quotes, one in ten with quotes of its own: doubled, or behind a backslash."""
    path = folder / f"{rows.__name__}-{count}-{'backslash' if escaped else 'quoted'}.csv"
    inner = '\\"' if escaped else '""'
    lines = []
    for number, start in enumerate(range(0, count, _CHUNK)):
        table = rows(min(_CHUNK, count - start), _SEED + number)
        lines += [] if lines else [",".join(table.column_names)]
        columns = [
            [f'"{text or ""}{f" {inner}x{inner}" if index % 10 == 0 else ""}"' for index, text in enumerate(values)]
            if pa.types.is_string(kind)
            else ["" if value is None else str(value) for value in values]
            for kind, values in zip(table.schema.types, table.to_pydict().values(), strict=True)
        ]
        lines += map(",".join, zip(*columns, strict=True))
    path.write_text("\n".join([*lines, ""]))
    return path


def _levels(choose: np.random.Generator, names: list[str], rows: int, missing: float) -> pa.Array:
    indices = pa.array(choose.integers(0, len(names), rows), mask=choose.random(rows) < missing)
    return pa.array(names).take(indices)
