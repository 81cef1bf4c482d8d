"""Record batches of Arrow that several threads score: what is written does not depend on the threads."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.formats import Format
from dai_scoring.options import BadRows
from dai_scoring.scorer import Scorer
from tests.support.models.titanic import golden

pytestmark = pytest.mark.runtime

# As many as are scored at a time, and enough for two threads.
ROWS = 10_000
BAD = (7, 9_000)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    table = pa.concat_tables([golden()] * ROWS).combine_chunks()
    ages = ["old" if row in BAD else str(row % 80) for row in range(ROWS)]
    table = table.set_column(table.schema.get_field_index("age"), "age", pa.array(ages))
    table = table.append_column("id", pa.array(range(ROWS)))
    with pa.ipc.new_stream(str(tmp_path / "rows.arrow"), table.schema) as writer:
        writer.write_table(table)
    return tmp_path / "rows.arrow"


@pytest.mark.parametrize("output", [Format.ARROW_STREAM, Format.PARQUET])
def test_rows_keep_their_order_and_parquet_its_row_groups(
    titanic_scorer: Scorer, source: Path, tmp_path: Path, output: Format
) -> None:
    found = []
    for parallel in (True, False):
        target, rejected = tmp_path / f"scored-{parallel}", tmp_path / f"rejected-{parallel}"
        options = FileOptions(bad_rows=BadRows.REJECT, output_format=output)
        summary = score_file(titanic_scorer, source, target, rejected, options, parallel=parallel)
        assert (summary.scored, summary.rejected) == (ROWS - len(BAD), len(BAD))
        tables = []
        for file in (target, rejected):
            if output is Format.PARQUET:
                assert pq.ParquetFile(file).num_row_groups == 1
                tables.append(pq.read_table(file))
            else:
                with pa.ipc.open_stream(str(file)) as reader:
                    tables.append(reader.read_all())
        assert tables[0]["id"].to_pylist() == [row for row in range(ROWS) if row not in BAD]
        assert tables[1]["id"].to_pylist() == list(BAD)
        found.append(tables)
    assert found[0] == found[1]
