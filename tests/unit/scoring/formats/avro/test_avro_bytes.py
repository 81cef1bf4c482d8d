"""Bytes of Avro: a model takes them as text, alone and among values of several types; outputs have Base64."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from dai_scoring.formats import Format
from dai_scoring.schema import Column, ColumnType
from dai_scoring.values.coerce import coerce
from tests.support.files.file_scoring import Bench

_FIXED = {"type": "fixed", "name": "two", "size": 2}


def avro(kind: Any, values: list[Any]) -> bytes:
    file = io.BytesIO()
    # A type is described once, and named where it comes again.
    again = json.loads(json.dumps(kind).replace(json.dumps(_FIXED), '"two"'))
    fields = [{"name": "x", "type": kind}, {"name": "s", "type": again}]
    schema = {"type": "record", "name": "r", "fields": fields}
    fastavro.writer(file, schema, [{"x": value, "s": value} for value in values])
    return file.getvalue()


@pytest.mark.parametrize(
    "kind",
    ["bytes", ["null", "bytes"], ["null", "bytes", "string"], ["string", "bytes", "int"], _FIXED, ["int", _FIXED]],
    ids=["alone", "null", "union", "numbers", "fixed", "fixed_union"],
)
def test_bytes_are_text_to_a_model_in_a_union_too(tmp_path: Path, kind: Any) -> None:
    """Sum adds x and the length of s."""
    bench = Bench(tmp_path)
    assert bench.score(avro(kind, [b"12", b"\xc3\xa9", b"\xffa", b"34"]), output_format=Format.CSV).scored == 2
    assert [(row["x"], row["total"]) for row in csv.DictReader(bench.out().splitlines())] == [
        ("MTI=", "14.0"),
        ("MzQ=", "36.0"),
    ]
    rejected = list(csv.DictReader(bench.rejected.read_text().splitlines()))
    assert [(row["_reject_code"], row["_reject_value"]) for row in rejected] == [
        ("not_a_number", "é"),
        ("not_text", "\\xffa"),
    ]
    assert bench.score(avro(kind, [b"12", b"34"]), output_format=Format.JSON_LINES).scored == 2
    assert [json.loads(line)["s"] for line in bench.out().splitlines()] == ["MTI=", "MzQ="]


def test_a_text_of_json_documents_that_ends_with_a_blank_is_no_bytes() -> None:
    given = pa.ExtensionArray.from_storage(pa.json_(pa.large_string()), pa.array(['"MTI=" '], pa.large_string()))
    found, rejected = coerce(given, Column("s", ColumnType.STR))
    assert (found.to_pylist(), rejected) == (["MTI="], None)
