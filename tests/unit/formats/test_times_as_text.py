"""Times and dates of Arrow as CSV and JSON have them, those of years too that Arrow itself does not write."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.formats import text


@pytest.mark.parametrize(
    ("kind", "counts", "texts"),
    [
        (
            pa.timestamp("us"),
            [2**63 - 1, 1, None],
            ["294247-01-10T04:00:54.775807", "1970-01-01T00:00:00.000001", None],
        ),
        (pa.timestamp("us", "UTC"), [2**63 - 1], ["294247-01-10T04:00:54.775807Z"]),
        (
            pa.timestamp("ms", "Europe/Berlin"),
            [253402300800000, 0],
            ["10000-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"],
        ),
        (pa.timestamp("ns"), [-(2**63) + 1], ["1677-09-21T00:12:43.145224193"]),
        (pa.timestamp("s"), [10**12, -(10**13)], ["33658-09-27T01:46:40", "-314918-08-13T06:13:20"]),
        (pa.date32(), [11332000, 0], ["32995-12-18", "1970-01-01"]),
    ],
)
def test_times_of_any_year(kind: Any, counts: list[int | None], texts: list[str | None]) -> None:
    array = pa.array(counts, kind)
    assert text.cells(array).to_pylist() == texts
    quoted = ["null" if one is None else f'"{one}"' for one in texts]
    assert text.json_values(array).to_pylist() == quoted
