"""Files of Parquet with columns of many types, scored by copying row groups and without."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.plan import Way
from dai_scoring.formats.columnar import row_groups
from tests.support.files.file_scoring import Bench
from tests.support.ways import Counted, counted, without

ROWS = 5000


@contextmanager
def small_groups_copied() -> Iterator[None]:
    """Copy row groups that are too small for it to be worth while too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_groups, "LEAST_ROWS", 0)
        patch.setattr(row_groups, "LEAST_BYTES", 0)
        yield


def rows(bad: frozenset[int] = frozenset(), count: int = ROWS) -> pa.Table:
    """Rows that ``Sum`` scores, but for bad ones."""
    return pa.table(
        {
            "id": pa.array(range(count), pa.int32()),
            "x": ["oops" if row in bad else None if row % 7 == 0 else str(row / 4) for row in range(count)],
            "s": pa.array([["a", "bb", None, "ä"][row % 4] for row in range(count)]).dictionary_encode(),
            "when": pa.array([row * 1_000_000 for row in range(count)], pa.timestamp("us", "UTC")),
            "price": pa.array(list(range(count)), pa.int64()).cast(pa.decimal128(21, 2)),
            "list": pa.array([[[1, None], None, []][row % 3] for row in range(count)], pa.list_(pa.int8())),
            "parts": [{"a": row % 5, "b": {"c": [str(row)]}} if row % 2 else None for row in range(count)],
            "map": pa.array([[("k", row)] for row in range(count)], pa.map_(pa.string(), pa.float32())),
            "flag": [row % 3 == 0 for row in range(count)],
            "none": pa.nulls(count),
        }
    ).replace_schema_metadata({"pandas": "{}"})


def parquet(table: pa.Table, **options: Any) -> bytes:
    """The table as a file, with 2,000 rows in a row group where the options do not say otherwise."""
    file = io.BytesIO()
    pq.write_table(table, file, **{"row_group_size": 2000, **options})
    return file.getvalue()


def both_ways(bench: Bench, contents: bytes, **options: Any) -> Counted:
    """Score by copying if that is possible, and without; the output of the first way is left."""
    with without(Way.ROW_GROUPS):
        plain = scored(bench, contents, options)
    with small_groups_copied(), counted() as found:
        same = scored(bench, contents, options)
    assert same[0] == plain[0]
    for (table, about), (other, other_about) in zip(same[1], plain[1], strict=True):
        assert about == other_about
        assert table.equals(other)
    return found


def scored(bench: Bench, contents: bytes, options: dict[str, Any]) -> tuple[Any, list[tuple[pa.Table, Any]]]:
    """How many rows were scored, and what is read of the output and of the rejected rows."""
    files = (bench.target, bench.rejected)
    for file in files:
        file.unlink(missing_ok=True)
    summary = bench.score(contents, **options)
    return (summary.records, summary.scored, summary.rejected), [_read(file) for file in files]


def _read(path: Path) -> tuple[pa.Table, Any]:
    if not path.exists():
        return pa.table({}), None
    with pq.ParquetFile(path) as file:
        table = file.read()
        table.validate(full=True)
        elements = [file.schema.column(index) for index in range(len(file.schema))]
        about = [(one.path, one.physical_type, str(one.logical_type), one.max_definition_level) for one in elements]
        return table, (table.schema, table.schema.metadata, file.metadata.metadata, about)


def copied(bench: Bench) -> list[bool]:
    """Which row groups of the input are in the output byte for byte."""
    data, output = bench.source.read_bytes(), bench.target.read_bytes()
    found = []
    about = pq.ParquetFile(bench.source).metadata
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        columns = [group.column(index) for index in range(group.num_columns)]
        start = min(one.dictionary_page_offset or one.data_page_offset for one in columns)
        size = sum(one.total_compressed_size for one in columns)
        found.append(data[start : start + size] in output)
    return found
