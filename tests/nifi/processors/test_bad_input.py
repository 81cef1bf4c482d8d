"""Whatever comes in, through a real NiFi: rows in = scored + rejected + failed, and the reason is said."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi.batch_flow import Folders
from tests.support.nifi.instance import NiFi

pytestmark = pytest.mark.nifi

HEADER = ",".join(GOLDEN_ROW)
ROW = ",".join(GOLDEN_ROW.values())


def records(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def failed(folders: Folders, name: str, content: bytes | str) -> dict[str, str]:
    """Send a file that cannot be scored: it comes out of failure byte for byte, with the reason beside it."""
    folders.put(name, content)
    reason = folders.error(name)
    assert folders.wait(folders.failed / name) == (content.encode() if isinstance(content, str) else content)
    assert not (folders.output / name).exists()
    assert not (folders.rejected / name).exists()
    return {key: str(value) for key, value in reason.items()}


def test_the_golden_row(titanic_batch: Folders) -> None:
    titanic_batch.put("golden.csv", f"{HEADER}\n{ROW}\n")
    (row,) = records(titanic_batch.wait(titanic_batch.output / "golden.csv"))
    assert (float(row["survived.0"]), float(row["survived.1"])) == GOLDEN_SCORE


def test_a_missing_column_fails_the_file_and_names_every_one(titanic_batch: Folders) -> None:
    reason = failed(titanic_batch, "missing.csv", "pclass,sex,ticket,fare\n3,male,A1,7.25\n")
    assert reason["code"] == "missing_columns"
    assert "2 column(s) of the model are missing from the records: age, cabin" in reason["message"]


def test_an_unknown_extra_column_passes_through(titanic_batch: Folders) -> None:
    titanic_batch.put("extra.csv", f'note,{HEADER}\n"a ""b"", c",{ROW}\n')
    (row,) = records(titanic_batch.wait(titanic_batch.output / "extra.csv"))
    assert row["note"] == 'a "b", c'
    assert float(row["survived.0"]) == GOLDEN_SCORE[0]


def test_text_where_a_number_belongs_rejects_one_row_of_a_thousand(titanic_batch: Folders) -> None:
    lines = [ROW] * 1000
    lines[499] = "3,male,twenty-two,A1,7.25,C1"
    titanic_batch.put("thousand.csv", HEADER + "\n" + "\n".join(lines) + "\n")
    scored = records(titanic_batch.wait(titanic_batch.output / "thousand.csv"))
    (rejected,) = records(titanic_batch.wait(titanic_batch.rejected / "thousand.csv"))
    assert len(scored) == 999
    assert {float(row["survived.0"]) for row in scored} == {GOLDEN_SCORE[0]}
    assert rejected == {
        **GOLDEN_ROW,
        "age": "twenty-two",
        "_reject_code": "not_a_number",
        "_reject_column": "age",
        "_reject_value": "twenty-two",
    }


@pytest.mark.parametrize(("name", "content"), [("empty.csv", ""), ("blank.csv", "\n")])
def test_an_empty_file_gives_an_empty_result(titanic_batch: Folders, name: str, content: str) -> None:
    titanic_batch.put(name, content)
    assert titanic_batch.wait(titanic_batch.output / name) == b""


def test_a_header_alone_gives_a_header(titanic_batch: Folders) -> None:
    titanic_batch.put("header.csv", HEADER + "\n")
    assert titanic_batch.wait(titanic_batch.output / "header.csv") == f"{HEADER},survived.0,survived.1\n".encode()


def test_a_truncated_parquet(titanic_batch: Folders) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({name: [value] * 5000 for name, value in GOLDEN_ROW.items()}), sink)
    reason = failed(titanic_batch, "cut.parquet", sink.getvalue()[:-20])
    assert reason["code"] in ("malformed_content", "unknown_format")
    assert "Parquet" in reason["message"]


def test_json_that_stops_midway(titanic_batch: Folders) -> None:
    whole = json.dumps([GOLDEN_ROW] * 3000)
    reason = failed(titanic_batch, "cut.json", whole[: len(whole) // 2])
    assert reason["code"] == "malformed_content"
    assert "middle" in reason["message"]


def test_latin_1_bytes(titanic_batch: Folders) -> None:
    text = f"{HEADER}\n{ROW}\n3,male,22,café,7.25,C1\n"
    reason = failed(titanic_batch, "latin.csv", text.encode("latin-1"))
    assert reason["code"] == "malformed_content"
    assert "UTF-8" in reason["message"]
    assert "0xE9" in reason["message"]
    assert "caf" not in reason["message"]


def test_a_field_of_10_megabytes(titanic_batch: Folders) -> None:
    field = "x" * (10 << 20)
    titanic_batch.put("long.csv", f"note,{HEADER}\n{field},{ROW}\nshort,{ROW}\n")
    csv.field_size_limit(1 << 30)
    rows = records(titanic_batch.wait(titanic_batch.output / "long.csv"))
    assert [row["note"] == text for row, text in zip(rows, (field, "short"), strict=True)] == [True, True]
    assert {float(row["survived.1"]) for row in rows} == {GOLDEN_SCORE[1]}


def test_bytes_that_are_no_records(titanic_batch: Folders) -> None:
    reason = failed(titanic_batch, "picture.bin", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10)
    assert reason["code"] in ("unknown_format", "malformed_content")


def test_rows_of_other_lengths_are_rejected_with_their_text(titanic_batch: Folders) -> None:
    titanic_batch.put("ragged.csv", f"{HEADER}\n{ROW}\n3,male\n{ROW},more\n{ROW}\n")
    assert len(records(titanic_batch.wait(titanic_batch.output / "ragged.csv"))) == 2
    rejected = records(titanic_batch.wait(titanic_batch.rejected / "ragged.csv"))
    assert [(row["_reject_code"], row["_reject_value"]) for row in rejected] == [
        ("malformed_row", "3,male"),
        ("malformed_row", f"{ROW},more"),
    ]


def test_rows_in_are_scored_rejected_or_failed(titanic_batch: Folders) -> None:
    """Forty files at once, each with another number of good and bad rows, every tenth without a column."""
    sent = 0
    for number in range(40):
        header = HEADER.replace("cabin", "cab") if number % 10 == 9 else HEADER
        lines = ["3,male,x,A1,7.25,C1" if i % (number + 2) == 0 else ROW for i in range(number * 7)]
        sent += len(lines)
        titanic_batch.put(f"many-{number}.csv", "\n".join([header, *lines]) + "\n")
    found = 0
    for number in range(40):
        name = f"many-{number}.csv"
        if number % 10 == 9:
            found += len(records(titanic_batch.wait(titanic_batch.failed / name)))
            continue
        found += len(records(titanic_batch.wait(titanic_batch.output / name)))
        if number:
            found += len(records(titanic_batch.wait(titanic_batch.rejected / name)))
    assert found == sent


def test_nothing_of_a_row_is_in_the_log(titanic_batch: Folders, nifi: NiFi) -> None:
    secret = "do-not-log-this"
    titanic_batch.put("secret.csv", f"{HEADER}\n3,male,{secret},A1,7.25,C1\n")
    titanic_batch.wait(titanic_batch.rejected / "secret.csv")
    for name, text in {
        "secret.json": f'[{{"age": "{secret}", ',
        # Without a header its first row is taken for names, of which one is a column's.
        "secret-names.csv": f"3,sex,22,{secret},7.25,C1\n{ROW}\n",
        "secret-bytes.csv": f"3,sex,22,{secret},7.25,C1\n".encode() + b"3,male,22,\xff,7.25,C1\n",
        "secret-reason.csv": f"{HEADER},_reject_value\n{ROW},{secret}\n",
        "secret-quote.csv": f'{HEADER}\n3,male,22,"{secret},7.25,C1\n',
    }.items():
        assert secret not in failed(titanic_batch, name, text)["message"]
    assert not [one.name for one in nifi.running.log.parent.iterdir() if secret in one.read_text(errors="replace")]
