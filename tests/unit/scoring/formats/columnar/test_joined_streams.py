"""Arrow streams with something after their end."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pytest

from dai_scoring.errors import ContentError
from tests.support.files.file_scoring import Bench

END = b"\xff\xff\xff\xff\0\0\0\0"


def _stream(rows: int) -> bytes:
    table = pa.table({"x": ["1"] * rows, "s": ["a"] * rows})
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema) as stream:
        for batch in table.to_batches(2):
            stream.write_batch(batch)
    return file.getvalue()


@pytest.mark.parametrize("rows", [0, 1, 5])
@pytest.mark.parametrize("more", [_stream(3), _stream(0), b"\n", b"\0\0x"], ids=["rows", "no rows", "text", "byte"])
def test_no_row_after_the_end_of_a_stream_is_lost(tmp_path: Path, rows: int, more: bytes) -> None:
    with pytest.raises(ContentError, match="there is more content after the end of the Arrow stream"):
        Bench(tmp_path).score(_stream(rows) + more)


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_stream_may_lack_its_end_or_be_filled_up_with_zeros(tmp_path: Path, rows: int) -> None:
    bench, content = Bench(tmp_path), _stream(rows)
    assert content.endswith(END)
    for one in (content, content.removesuffix(END), content + bytes(100), content + bytes(3 << 20)):
        assert bench.score(one).scored == rows
