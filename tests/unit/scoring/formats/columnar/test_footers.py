"""Footers of Parquet as other writers make them, and damaged ones, where row groups may be copied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.plan import Way
from dai_scoring.errors import ContentError
from dai_scoring.formats.columnar import footers, thrift
from dai_scoring.formats.columnar.thrift import Struct
from tests.support.files.file_scoring import Bench
from tests.support.files.parquet_files import both_ways, copied, parquet, rows, scored, small_groups_copied
from tests.support.ways import counted, without

OTHER_FOOTER = "the footer of the Parquet file is encrypted, or has parts that are not known"
NO_GROUP = "a row group of Parquet is damaged, or cannot be read without the others"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


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
    columns[0].fields[6] = (thrift.I32, bytes((17 << 1,)))  # INT_32
    columns[0].fields[2] = (thrift.I32, b"\x40")  # a length
    columns[3].drop(6)  # the converted type of a moment
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
        with without(*ways), small_groups_copied(), counted() as found:
            try:
                outcomes.append(scored(bench, contents, {}))
            except ContentError as error:
                outcomes.append(str(error))
        if not ways:
            assert found.reasons(Way.ROW_GROUPS) == {reason}
    assert outcomes[0] == outcomes[1]
