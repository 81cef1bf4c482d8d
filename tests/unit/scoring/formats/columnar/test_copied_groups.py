"""Row groups of Parquet that are copied: the output reads as if all columns had been written anew."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.plan import Way
from dai_scoring.errors import ContentError, NameClashError
from dai_scoring.formats import Format
from dai_scoring.formats.columnar import copied_groups, footers, thrift
from dai_scoring.formats.columnar.thrift import Struct
from dai_scoring.options import BadRows, OutputColumns
from tests.support.file_scoring import Bench
from tests.support.ways import Counted, counted, without

ROWS = 5000
OTHER_COLUMNS = "a column of the Parquet file would be written with another type, or never null"
OTHER_FOOTER = "the footer of the Parquet file is encrypted, or has parts that are not known"
SMALL = "the row groups of the Parquet file are small"
ANEW = "columns of the input are written anew"
REJECTED = "a row is rejected, and all of its columns are needed"
NO_GROUP = "a row group of Parquet is damaged, or cannot be read without the others"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def rows(bad: frozenset[int] = frozenset(), count: int = ROWS) -> pa.Table:
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
    file = io.BytesIO()
    pq.write_table(table, file, **{"row_group_size": 2000, **options})
    return file.getvalue()


def both_ways(bench: Bench, contents: bytes, **options: Any) -> Counted:
    """Score by copying if that is possible, and without; the output of the first way is left."""
    with without(Way.ROW_GROUPS):
        plain = _scored(bench, contents, options)
    with counted() as found:
        same = _scored(bench, contents, options)
    assert same[0] == plain[0]
    for (table, about), (other, other_about) in zip(same[1], plain[1], strict=True):
        assert about == other_about
        assert table.equals(other)
    return found


def _scored(bench: Bench, contents: bytes, options: dict[str, Any]) -> tuple[Any, list[tuple[pa.Table, Any]]]:
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


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        pytest.param(parquet(rows(), use_deprecated_int96_timestamps=True), OTHER_COLUMNS, id="INT96"),
        pytest.param(
            parquet(rows().append_column(pa.field("k", pa.int64(), nullable=False), [range(ROWS)])),
            OTHER_COLUMNS,
            id="never null",
        ),
        pytest.param(parquet(rows(), row_group_size=900), SMALL, id="small row groups"),
    ],
)
def test_what_is_written_anew(bench: Bench, contents: bytes, reason: str) -> None:
    found = both_ways(bench, contents, bad_rows=BadRows.KEEP)
    assert (found.ways, found.reasons(Way.ROW_GROUPS)) == ({Way.READER}, {reason})


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


# Footers as other writers make them, or damaged ones.


def edited(contents: bytes, change: Callable[[Struct], None]) -> bytes:
    size = int.from_bytes(contents[-8:-4], "little")
    wanted: thrift.Wanted = {2: {}, 4: {1: {3: {}}}, 7: None}
    footer, _ = thrift.read_struct(contents[-8 - size : -8], 0, wanted)
    change(footer)
    data = footer.encoded()
    return contents[: -8 - size] + data + len(data).to_bytes(4, "little") + b"PAR1"


def _by_another_writer(footer: Struct) -> None:
    footer.fields[6] = (thrift.BINARY, b"\x07another")
    root, *columns = footer.elements(2)
    root.fields[4] = (thrift.BINARY, b"\x0cspark_schema")
    for number, column in enumerate(columns):
        column.fields[9] = (thrift.I32, bytes((number << 1,)))  # field_id
        if column.integer(6, thrift.I32) == 0:
            column.drop(10)  # the logical type of UTF8
        if 5 not in column.fields:
            column.fields[5] = (thrift.I32, b"\0")  # no children
    identifiers = columns[0]
    identifiers.fields[6] = (thrift.I32, bytes((17 << 1,)))  # INT_32
    for group in footer.elements(4):
        group.fields[30] = (thrift.BINARY, b"\x02hi")
        group.drop(5, 6, 7)


def test_a_footer_of_another_writer(bench: Bench) -> None:
    contents = edited(parquet(rows()), _by_another_writer)
    assert both_ways(bench, contents).ways == {Way.ROW_GROUPS}
    assert pq.ParquetFile(bench.target).metadata.created_by == "another"


def test_statistics_of_another_order_are_left_out(bench: Bench) -> None:
    contents = edited(parquet(rows()), lambda footer: footer.drop(7))
    assert both_ways(bench, contents).ways == {Way.ROW_GROUPS}
    with bench.target.open("rb") as file:
        chunks = footers.Footer(file).group(0).chunks
    assert [12 in chunk.struct(3).fields for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


def _elsewhere(footer: Struct) -> None:
    footer.elements(4)[1].elements(1)[3].fields[8] = (thrift.STRUCT, b"\0")  # crypto_metadata


def _with_other_path(footer: Struct) -> None:
    footer.elements(4)[1].elements(1)[0].struct(3).fields[3] = (thrift.LIST, b"\x18\x02ix")


def _beyond_its_end(footer: Struct) -> None:
    chunk = footer.elements(4)[2].elements(1)[-1].struct(3)
    chunk.set_integer(7, chunk.needed(7) + 100_000)


def test_a_row_group_that_is_not_understood(bench: Bench) -> None:
    assert both_ways(bench, edited(parquet(rows()), _with_other_path)).ways == {Way.ROW_GROUPS}
    assert copied(bench) == [True, False, True]


def _without_a_group(footer: Struct) -> None:
    footer.elements(4).pop()


def _of_other_rows(footer: Struct) -> None:
    footer.elements(4)[1].set_integer(3, 1999)
    footer.elements(4)[2].set_integer(3, 1001)


@pytest.mark.parametrize(
    ("change", "reason"),
    [(_without_a_group, OTHER_FOOTER), (_of_other_rows, NO_GROUP), (_elsewhere, NO_GROUP), (_beyond_its_end, NO_GROUP)],
)
def test_damaged_footers_are_read_as_without_copying(
    bench: Bench, change: Callable[[Struct], None], reason: str
) -> None:
    contents = edited(parquet(rows()), change)
    outcomes: list[Any] = []
    for ways in ((), (Way.ROW_GROUPS,)):
        with without(*ways), counted() as found:
            try:
                outcomes.append(_scored(bench, contents, {}))
            except ContentError as error:
                outcomes.append(str(error))
        if not ways:
            assert found.reasons(Way.ROW_GROUPS) == {reason}
    assert outcomes[0] == outcomes[1]
