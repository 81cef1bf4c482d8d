"""Engines small enough to work out by hand, for tests of everything around an engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.engine import Capability, ModelInfo, Predicted
from dai_scoring.options import Wanted
from dai_scoring.schema import Column, ColumnType


class Sum:
    """An engine that adds x and the length of s; a missing value counts as -1."""

    info = ModelInfo(
        id="sum",
        kind="test",
        runtime="python",
        runtime_version="1",
        sha256="0" * 64,
        created=datetime(2026, 1, 1),
        inputs=(Column("x", ColumnType.FLOAT64, frozenset({"NA"})), Column("s", ColumnType.STR)),
        outputs=(Column("total", ColumnType.FLOAT64),),
    )

    def supports(self, capability: Capability) -> bool:
        return capability is Capability.SCORE

    def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
        x = pc.fill_null(columns[0], -1.0)
        s = pc.fill_null(pc.utf8_length(columns[1]), -1)
        return Predicted(pa.table({"total": pc.add(x, pc.cast(s, pa.float64()))}))

    def parse_time(self, column: str, text: str) -> int | None:
        return None

    def close(self) -> None:
        pass


class Double:
    """An engine that doubles x."""

    info = ModelInfo(
        id="double",
        kind="test",
        runtime="python",
        runtime_version="1",
        sha256="0" * 64,
        created=datetime(2026, 1, 1),
        inputs=(Column("x", ColumnType.FLOAT64), Column("s", ColumnType.STR)),
        outputs=(Column("twice", ColumnType.FLOAT64),),
    )

    def supports(self, capability: Capability) -> bool:
        return capability is Capability.SCORE

    def predict(self, columns: Any, rows: int, wanted: Any) -> Predicted:
        return Predicted(pa.table({"twice": pc.multiply(columns[0], pa.scalar(2.0))}))

    def parse_time(self, column: str, text: str) -> int | None:
        return None

    def close(self) -> None:
        pass
