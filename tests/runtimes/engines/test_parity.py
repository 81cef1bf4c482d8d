"""The same model and the same rows on two runtimes: the same numbers, to the last bit."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from dai_scoring.options import Wanted
from dai_scoring.scorer import Scorer
from tests.support.models.titanic import golden, scores

pytestmark = pytest.mark.runtime

ROWS = 100_000
_LARGEST = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
_INFINITY = float("inf")
NUMBERS: list[float | None] = [
    *(None, float("nan"), 0.0, -0.0, 1.0, 2.0, 3.0, 22.0, 80.0, 7.25, 512.3292, -1.0, 16777217.0),
    *(1e30, -1e30, _LARGEST, -_LARGEST, 3.4e38, _INFINITY, -_INFINITY),
    *(1e-45, 1e-40, -1e-40, 1.17549435e-38, 1e-10),
]
ODD = [
    *(None, "", " ", "\t", "\n", "NA", "N/A", "?", "None", "unknown", "nan", "NaN", "inf", "-inf", "null", "0", "-"),
    *("1e5", "a,b", 'a "quoted", one', "'", "\\", "ü€😀", "é", "e\u0301", "\u00a0C1", "\ufeffA1", "x" * 30_000),
    *("a\0b", "\0", "C1\0", "male\0x"),
]
LEVELS = {
    "sex": ["male", "female", "MALE", " male", "male ", "fem"],
    "ticket": ["A1", " A1", "A1 ", "113803", "SOTON/O.Q. 3101262", "CA 2144", "3.0"],
    "cabin": ["C1", "B42", "C23 C25 C27", "c1", " C1", "C1 ", "D", "E", "G6", "T"],
}


def _number(choose: random.Random) -> float | None:
    kind = choose.random()
    if kind < 0.4:
        return choose.choice(NUMBERS)
    if kind < 0.8:
        return choose.uniform(-10, 600)
    return float(struct.unpack("<f", choose.getrandbits(32).to_bytes(4, "little"))[0])  # any bits at all


def _text(choose: random.Random, levels: list[str]) -> str | None:
    kind = choose.random()
    if kind < 0.4:
        return choose.choice(levels)
    if kind < 0.7:
        return choose.choice(ODD)
    ranges = ((32, 126), (0xA0, 0x2FF), (0x1F300, 0x1F5FF))
    return "".join(chr(choose.randint(*choose.choice(ranges))) for _ in range(choose.randrange(12)))


def _column(value: Callable[[], Any], kind: pa.DataType) -> pa.Array:
    return pa.array([value() for _ in range(ROWS)], kind)


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    choose = random.Random(20_240)
    columns = {name: _column(lambda: _number(choose), pa.float64()) for name in ("pclass", "age", "fare")}
    for name, levels in LEVELS.items():
        columns[name] = _column(lambda levels=levels: _text(choose, levels), pa.string())  # type: ignore[misc]
    return pa.table(columns)


def _bits(table: pa.Table) -> np.ndarray[Any, np.dtype[np.uint32]]:
    return np.column_stack([column.to_numpy().view(np.uint32) for column in table.columns])


def test_both_describe_the_model_alike(titanic_scorer: Scorer, titanic_cpp_scorer: Scorer) -> None:
    java, cpp = titanic_scorer.info, titanic_cpp_scorer.info
    assert (java.id, java.kind, java.created, java.sha256) == (cpp.id, cpp.kind, cpp.created, cpp.sha256)
    assert (java.inputs, java.outputs) == (cpp.inputs, cpp.outputs)


@pytest.mark.parametrize("as_text", [False, True], ids=["typed", "text"])
def test_every_row_has_the_same_scores(
    titanic_scorer: Scorer, titanic_cpp_scorer: Scorer, rows: pa.Table, as_text: bool
) -> None:
    table = (
        pa.table([column.cast(pa.string()) for column in rows.columns], names=rows.column_names) if as_text else rows
    )
    java, cpp = titanic_scorer.score(table), titanic_cpp_scorer.score(table)
    assert java.rejects.num_rows == cpp.rejects.num_rows == 0
    assert java.predictions.num_rows == ROWS
    assert java.predictions.schema == cpp.predictions.schema
    different = np.flatnonzero((_bits(java.predictions) != _bits(cpp.predictions)).any(axis=1))
    assert different.size == 0, rows.take(different[:5]).to_pylist()
    assert len(np.unique(_bits(java.predictions)[:, 0])) > 500


def test_where_the_runtimes_themselves_differ(
    titanic_scorer: Scorer, titanic_cpp_scorer: Scorer, titanic: Path, rows: pa.Table
) -> None:
    """Empty text is missing to the C++ runtime and a level to Java's, and C++ ends a text at a NUL.

    A Scorer hands neither of them empty text, and the engine for C++ no NUL, so no caller sees it.
    """
    import daimojo
    import datatable

    wanted = titanic_scorer.info.inputs
    arrays = [rows.column(column.name).combine_chunks().cast(column.type.arrow, safe=False) for column in wanted]
    model = daimojo.model(str(titanic))

    def on_java(columns: list[pa.Array]) -> np.ndarray[Any, np.dtype[np.uint32]]:
        return _bits(titanic_scorer._engine.predict(columns, ROWS, Wanted()).predictions)

    def on_cpp(columns: list[pa.Array]) -> np.ndarray[Any, np.dtype[np.uint32]]:
        frame = datatable.Frame(pa.table(columns, names=[column.name for column in wanted]))
        return _bits(model.predict(frame).to_arrow())

    def changed(change: Callable[[pa.Array], pa.Array]) -> list[pa.Array]:
        return [change(array) if array.type == pa.string() else array for array in arrays]

    def cut(array: pa.Array) -> pa.Array:
        return pc.replace_substring_regex(array, "(?s)\\x00.*", "")

    def without_empty(array: pa.Array) -> pa.Array:
        return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)

    bare = on_cpp(arrays)
    assert (on_java(arrays) != bare).any()
    assert np.array_equal(on_cpp(changed(cut)), bare)
    assert np.array_equal(on_java(changed(lambda array: without_empty(cut(array)))), bare)


def test_text_after_a_nul_counts_on_both(titanic_scorer: Scorer, titanic_cpp_scorer: Scorer) -> None:
    table = golden(sex="male\0x", ticket="A1\0", cabin="C1\0C1")
    assert scores(titanic_cpp_scorer, table) == scores(titanic_scorer, table)
    assert scores(titanic_cpp_scorer, table) != scores(titanic_cpp_scorer, golden())
