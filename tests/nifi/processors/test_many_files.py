"""Files that are taken several at a time: each comes out by itself, whatever becomes of the others."""

from __future__ import annotations

import csv
import io

import pytest

from tests.support.models.titanic import GOLDEN_ROW
from tests.support.nifi.batch_flow import Folders

pytestmark = pytest.mark.nifi

HEADER, ROW = ",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values())


@pytest.mark.parametrize(
    ("rows", "files"), [(3, 40), (3_000, 40), (80_000, 12)], ids=["small", "medium", "more-than-2-MB"]
)
def test_good_bad_and_broken_files_side_by_side(titanic_batch: Folders, rows: int, files: int) -> None:
    names = [f"many-{rows}-{number}.csv" for number in range(files)]
    for number, name in enumerate(names):
        lines = [f"{number}-{i},{ROW}" for i in range(rows)]
        header = f"id,{HEADER}"
        if number % 10 == 3:
            lines[1] = f"{number}-1,3,male,old,A1,7.25,C1"
        if number % 10 == 7:
            header = header.replace("cabin", "cabbage")
        titanic_batch.put(name, "\n".join([header, *lines, ""]))
    for number, name in enumerate(names):
        if number % 10 == 7:
            assert titanic_batch.error(name)["code"] == "missing_columns"
            assert titanic_batch.wait(titanic_batch.failed / name).decode().startswith("id,pclass")
            continue
        out = list(csv.DictReader(io.StringIO(titanic_batch.wait(titanic_batch.output / name).decode())))
        bad = {1} if number % 10 == 3 else set()
        assert [row["id"] for row in out] == [f"{number}-{i}" for i in range(rows) if i not in bad]
        if bad:
            (rejected,) = csv.DictReader(io.StringIO(titanic_batch.wait(titanic_batch.rejected / name).decode()))
            assert (rejected["id"], rejected["_reject_column"]) == (f"{number}-1", "age")
    assert not list(titanic_batch.input.iterdir())
