"""Record batches of Arrow that several threads share."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from dai_scoring import formats
from dai_scoring.formats import Format

ROWS = 12_000
NO_TEXT = {100: b"\xff", 11_000: b"a\xfe"}


@pytest.mark.parametrize("kind", [Format.ARROW_STREAM, Format.ARROW_FILE])
@pytest.mark.parametrize(
    ("parts", "sizes"), [(1, [12_000]), (2, [6_000, 6_000]), (4, [6_000, 6_000])], ids=["1", "2", "4"]
)
def test_the_rows_of_a_batch_stay_in_their_order(tmp_path: Path, kind: Format, parts: int, sizes: list[int]) -> None:
    texts = pa.array([NO_TEXT.get(row, b"%d" % row) for row in range(ROWS)], pa.binary())
    as_text = pa.Array.from_buffers(pa.string(), ROWS, texts.buffers())
    batch = pa.record_batch({"number": pa.array(range(ROWS)), "text": as_text})
    file = tmp_path / "records.arrow"
    make = pa.ipc.new_file if kind is Format.ARROW_FILE else pa.ipc.new_stream
    with make(str(file), batch.schema) as writer:
        writer.write(batch)
    reader = formats.open_reader(file, kind, chunk_rows=1 << 16)
    found = [piece.parse() for piece in formats.chunks(reader, parts)]
    assert [one.table.num_rows for one in found] == sizes
    assert pa.concat_tables(one.table for one in found)["number"].to_pylist() == list(range(ROWS))
    malformed = []
    begin = 0
    for one in found:
        rows = [] if one.malformed is None else one.malformed.column("row").to_pylist()
        malformed += [begin + row for row in rows]
        begin += one.table.num_rows
    assert malformed == list(NO_TEXT)
    reader.close()
