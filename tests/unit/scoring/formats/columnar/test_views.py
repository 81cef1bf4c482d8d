"""Columns that are views, as polars writes them, or encoded: Arrow lacks functions for them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.formats import Format, nested
from dai_scoring.scorer import Scorer
from tests.support.engines import Double
from tests.support.files.file_scoring import Bench

TEXT = pa.string_view()


def _categories(values: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0, None, 1], pa.uint32()), values)


def _runs(values: pa.Array) -> pa.Array:
    """A slice, so that the first run begins before it."""
    return pa.RunEndEncodedArray.from_arrays(pa.array([2, 3, 4], pa.int32()), values)[1:]


VIEWS: dict[str, pa.Array] = {
    "text": pa.array(["x", None, "a long text that is not inline"], TEXT),
    "bytes": pa.array([b"x", None, b"\xff"], pa.binary_view()),
    "list": pa.array([["x"], None, ["y", None]], pa.list_view(TEXT)),
    "large list": pa.array([[1], None, []], pa.large_list_view(pa.int32())),
    "list of text": pa.array([["x"], None, []], pa.list_(TEXT)),
    "pairs": pa.array([["x", "y"], None, ["z", None]], pa.list_(TEXT, 2)),
    "struct": pa.array([{"a": ["x"]}, None, {"a": None}], pa.struct([("a", pa.list_view(TEXT))])),
    "map": pa.array([[("k", ["x"])], None, []], pa.map_(TEXT, pa.list_view(TEXT))),
    "categories": _categories(pa.array(["x", "y"], TEXT)),
    "categories of lists": _categories(pa.array([[1], [2, None]])),
    "categories of structs": _categories(pa.array([{"a": 1}, {"a": None}])),
    "runs": _runs(pa.array([1, None, 2])),
    "runs of views": _runs(pa.array(["x", None, "y"], TEXT)),
    "runs of categories": _runs(pa.array(["x", None, "y"]).dictionary_encode()),
    "runs of structs": _runs(pa.array([{"a": 1}, None, {"a": 2}])),
    "struct of runs": pa.StructArray.from_arrays([_runs(pa.array([1, None, 2]))], ["a"]),
    "list of categories": pa.ListArray.from_arrays(
        pa.array([0, None, 1, 3], pa.int32()), pa.array(["x", "y", None]).dictionary_encode()
    ),
}


@pytest.mark.parametrize("name", list(VIEWS))
def test_the_plain_type_has_the_same_values(name: str) -> None:
    array = VIEWS[name]
    for part in (array, array[1:], array[1:2], array[:0]):
        found = nested.plain(part)
        found.validate(full=True)
        assert found.type == nested.plain_type(array.type)
        assert found.to_pylist() == part.to_pylist()


def test_other_types_stay() -> None:
    for kind in (pa.int8(), pa.string(), pa.list_(pa.int8()), pa.map_(pa.string(), pa.int8()), pa.list_(pa.int8(), 2)):
        array = pa.nulls(2, kind)
        assert nested.plain(array) is array


@pytest.mark.parametrize("fmt", list(Format))
@pytest.mark.parametrize("name", list(VIEWS))
def test_rows_with_views_are_scored_and_rejected(tmp_path: Path, name: str, fmt: Format) -> None:
    bench = Bench(tmp_path)
    s = pa.array(["a", "b", None], TEXT)
    table = pa.table({"x": pa.array(["1", "bad", "3"], TEXT), "s": s, "y": VIEWS[name]})
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    summary = bench.score(file.getvalue(), output_format=fmt)
    assert (summary.scored, summary.rejected) == (2, 1)
    bench.score(file.getvalue(), output_format=Format.JSON_LINES)
    [first, last] = [json.loads(line) for line in bench.out().splitlines()]
    assert (first["x"], first["s"], last["x"], last["s"]) == ("1", "a", "3", None)
    assert [first["y"], last["y"]] == in_json(name)


def in_json(name: str) -> list[Any]:
    first, _, last = VIEWS[name].to_pylist()
    if name == "bytes":
        return ["eA==", "/w=="]
    return [dict(first), dict(last)] if name == "map" else [first, last]


def test_values_of_runs_are_rejected_with_their_texts() -> None:
    x = pa.RunEndEncodedArray.from_arrays(pa.array([1, 3], pa.int32()), pa.array(["1", "bad"]))
    scored = Scorer(Double()).score(pa.table({"x": x, "s": ["a", "b", "c"]}))
    assert scored.predictions.column("twice").to_pylist() == [2.0]
    assert scored.rejects.column("value").to_pylist() == ["bad", "bad"]


def test_a_table_with_views_is_scored() -> None:
    x = pa.chunked_array([pa.array(["1", "bad"], TEXT), pa.array(["3"], TEXT)])
    scored = Scorer(Double()).score(pa.table({"x": x, "s": VIEWS["categories"]}))
    assert scored.predictions.column("twice").to_pylist() == [2.0, 6.0]
    assert scored.rejects.column("value").to_pylist() == ["bad"]
