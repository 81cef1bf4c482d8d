"""Row groups of Parquet that are copied: the output reads as if all columns had been written anew."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.plan import Way
from dai_scoring.errors import NameClashError
from dai_scoring.formats import Chunk, Declined, Format, WantedGroups, open_reader, pieces
from dai_scoring.formats.columnar import copied_groups, row_groups
from dai_scoring.options import BadRows, OutputColumns
from tests.support.files.file_scoring import Bench
from tests.support.files.parquet_files import ROWS, both_ways, copied, parquet, rows
from tests.support.ways import counted

OTHER_COLUMNS = "most columns of the Parquet file are written with another type, or are never null"
LARGE = "the row groups of the Parquet file are large, and columns of other types would wait for their end"
SMALL = "the row groups of the Parquet file are small"
ANEW = "columns of the input are written anew"
REJECTED = "a row is rejected, and all of its columns are needed"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="plain"),
        pytest.param({"use_dictionary": False, "compression": "none"}, id="no dictionaries"),
        pytest.param(
            {"data_page_version": "2.0", "compression": "gzip", "data_page_size": 500}, id="pages of version 2"
        ),
        pytest.param({"write_page_index": True, "write_page_checksum": True}, id="page index"),
        pytest.param({"write_statistics": False, "store_schema": False}, id="bare"),
        pytest.param({"version": "1.0"}, id="version 1"),
        pytest.param({"row_group_size": ROWS}, id="one row group"),
    ],
)
@pytest.mark.parametrize("batch_rows", [300, 10_000])
def test_all_columns_are_copied(bench: Bench, options: dict[str, Any], batch_rows: int) -> None:
    contents = parquet(rows(), **options)
    assert both_ways(bench, contents, batch_rows=batch_rows).ways == {Way.ROW_GROUPS}
    assert all(copied(bench))
    before, after = pq.ParquetFile(io.BytesIO(contents)).metadata, pq.ParquetFile(bench.target).metadata
    assert after.num_row_groups == before.num_row_groups
    for number in range(before.num_row_groups):
        one, two = before.row_group(number), after.row_group(number)
        for index in range(one.num_columns):
            assert two.column(index).statistics == one.column(index).statistics
        added = two.column(two.num_columns - 1)
        assert added.path_in_schema == "total"
        assert two.total_byte_size == one.total_byte_size + added.total_uncompressed_size
        assert not two.column(0).has_column_index


@pytest.mark.parametrize("batch_rows", [300, 10_000])
@pytest.mark.parametrize(
    ("bad", "whole"),
    [
        pytest.param({0}, [False, True, True], id="first"),
        pytest.param({1999}, [False, True, True], id="last of a row group"),
        pytest.param({2500, 2501, 3000}, [True, False, True], id="within"),
        pytest.param({1000, 4999}, [False, True, False], id="last"),
        pytest.param(set(range(2000, 4000)), [True, False, True], id="a whole row group"),
    ],
)
def test_rejected_rows(bench: Bench, bad: set[int], whole: list[bool], batch_rows: int) -> None:
    contents = parquet(rows(frozenset(bad)))
    found = both_ways(bench, contents, batch_rows=batch_rows)
    assert copied(bench) == whole
    assert found.reasons(Way.ROW_GROUPS) == {REJECTED}
    # In their place they leave all columns as they are.
    assert both_ways(bench, contents, batch_rows=batch_rows, bad_rows=BadRows.KEEP).ways == {Way.ROW_GROUPS}
    assert all(copied(bench))


@pytest.mark.parametrize("kept", [BadRows.REJECT, BadRows.KEEP])
def test_bytes_that_are_no_text(bench: Bench, kept: BadRows) -> None:
    texts = pa.array([b"\xff" if row == 2100 else b"ok" for row in range(ROWS)]).view(pa.string())
    contents = parquet(rows().append_column("text", texts), store_schema=False)
    found = both_ways(bench, contents, batch_rows=1000, bad_rows=kept)
    assert found.reasons(Way.ROW_GROUPS) == {REJECTED}
    assert found.taken == {Way.ROW_GROUPS: 4, Way.READER: 1}
    assert copied(bench) == [True, False, True]


def test_of_a_large_row_group_little_waits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copied_groups, "MAX_CHUNK_BYTES", 9 * 1000)
    assert both_ways(bench, parquet(rows()), batch_rows=300).ways == {Way.ROW_GROUPS}
    # The last one has 1,000 rows.
    assert copied(bench) == [False, False, True]


def never_null(table: pa.Table, names: list[str]) -> pa.Table:
    fields = [field.with_nullable(field.name not in names) for field in table.schema]
    return table.cast(pa.schema(fields, table.schema.metadata))


OLD = rows().append_column(
    "old", pa.array([{"at": row * 1000} for row in range(ROWS)]).cast(pa.struct({"at": pa.timestamp("ns")}))
)


@pytest.mark.parametrize(
    ("contents", "anew"),
    [
        pytest.param(parquet(rows(), use_deprecated_int96_timestamps=True), {"when"}, id="INT96"),
        pytest.param(parquet(never_null(rows(), ["id", "map"])), {"id", "map"}, id="never null"),
        pytest.param(
            parquet(never_null(OLD, ["flag"]), use_deprecated_int96_timestamps=True), {"when", "flag", "old"}, id="both"
        ),
    ],
)
@pytest.mark.parametrize("batch_rows", [300, 10_000])
def test_columns_of_other_types_are_written_anew(
    bench: Bench, contents: bytes, anew: set[str], batch_rows: int
) -> None:
    assert both_ways(bench, contents, batch_rows=batch_rows).ways == {Way.ROW_GROUPS}
    about = pq.ParquetFile(io.BytesIO(contents)).metadata
    output = bench.target.read_bytes()
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        for column in map(group.column, range(group.num_columns)):
            start = column.dictionary_page_offset or column.data_page_offset
            is_copied = contents[start : start + column.total_compressed_size] in output
            assert is_copied == (column.path_in_schema.partition(".")[0] not in anew)
        # parquet-mr finds a row group by the place of its first column.
        written = pq.ParquetFile(bench.target).metadata.row_group(number)
        places = [written.column(index).data_page_offset for index in range(written.num_columns)]
        assert places == sorted(places)
    both_ways(bench, contents, bad_rows=BadRows.KEEP)


def test_columns_of_other_types_in_a_row_group_that_is_written_anew(bench: Bench) -> None:
    table = never_null(rows(frozenset({2500})), ["id", "flag"])
    assert Way.ROW_GROUPS in both_ways(bench, parquet(table), batch_rows=300).ways


def test_columns_of_other_types_in_large_row_groups(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_groups, "MOST_VALUES", 3999)
    contents = parquet(never_null(rows(), ["id", "flag"]))
    found = both_ways(bench, contents)
    assert (found.ways, found.reasons(Way.ROW_GROUPS)) == ({Way.READER}, {LARGE})
    monkeypatch.setattr(row_groups, "MOST_VALUES", 4000)
    assert both_ways(bench, contents).ways == {Way.ROW_GROUPS}


def test_a_file_with_mostly_other_types(bench: Bench) -> None:
    table = rows().select(["id", "x", "flag", "map"]).rename_columns(["id", "x", "s", "map"])
    found = both_ways(bench, parquet(never_null(table, ["id", "s", "map"])), bad_rows=BadRows.KEEP)
    assert (found.ways, found.reasons(Way.ROW_GROUPS)) == ({Way.READER}, {OTHER_COLUMNS})


@pytest.mark.parametrize(("count", "size"), [(2000, 2000), (50_000, 4900)])
def test_small_row_groups_are_written_anew(bench: Bench, count: int, size: int) -> None:
    """One of few bytes, and several of few rows."""
    table = pa.table({"x": range(count), "s": [str(row) for row in range(count)]})
    with counted() as found:
        bench.score(parquet(table, row_group_size=size))
    assert (found.ways, found.reasons(Way.ROW_GROUPS)) == ({Way.READER}, {SMALL})
    with counted() as found:
        bench.score(parquet(table, row_group_size=count))
    assert found.ways == {Way.READER if count == size else Way.ROW_GROUPS}


@pytest.mark.parametrize(
    "options",
    [
        {"output_columns": OutputColumns.PREDICTIONS},
        {"output_columns": OutputColumns.IDS, "id_columns": ("id", "s")},
    ],
)
def test_what_has_other_columns_is_written_anew(bench: Bench, options: dict[str, Any]) -> None:
    found = both_ways(bench, parquet(rows()), **options)
    assert (found.ways, found.reasons(Way.ROW_GROUPS)) == ({Way.READER}, {ANEW})


def test_reasons_of_an_earlier_scoring_are_replaced(bench: Bench) -> None:
    table = rows().append_column("_reject_code", pa.nulls(ROWS, pa.string()))
    assert both_ways(bench, parquet(table)).ways == {Way.READER}


def test_other_outputs_are_not_copied(bench: Bench) -> None:
    with counted() as found:
        bench.score(parquet(rows().select(["id", "x", "s"])), output_format=Format.CSV)
    assert found.ways == {Way.READER}


def test_a_column_with_the_name_of_a_prediction(bench: Bench) -> None:
    contents = parquet(rows().append_column("total", rows()["id"]))
    with pytest.raises(NameClashError):
        bench.score(contents, prediction_prefix="")


@pytest.mark.parametrize("count", [0, 1])
def test_few_rows(bench: Bench, count: int) -> None:
    both_ways(bench, parquet(rows(count=count)))


@pytest.mark.parametrize("bad", [frozenset(), frozenset({7000})])
def test_a_row_group_that_is_read_in_pieces_stays_one(bench: Bench, bad: frozenset[int]) -> None:
    found = both_ways(bench, parquet(rows(bad, 12_000), row_group_size=12_000), batch_rows=5000)
    assert found.taken[Way.ROW_GROUPS] + found.taken[Way.READER] == 3
    assert copied(bench) == [not bad]
    assert pq.ParquetFile(bench.target).metadata.num_row_groups == 1


@pytest.mark.parametrize(("parts", "counts"), [(1, [10_000, 2000]), (2, [6000, 6000]), (4, [5000, 5000, 2000])])
def test_a_row_group_is_read_in_as_many_pieces(tmp_path: Path, parts: int, counts: list[int]) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(parquet(rows(count=12_000), row_group_size=12_000))
    reader = open_reader(path, Format.PARQUET, chunk_rows=10_000)
    found = [piece.parse() for piece in pieces(reader, WantedGroups(), parts) if not isinstance(piece, Declined)]
    reader.close()
    tables = [chunk.table for chunk in found if isinstance(chunk, Chunk)]
    assert [table.num_rows for table in tables] == counts
    assert pa.concat_tables(tables).column("id").to_pylist() == list(range(12_000))
