"""Scores DataFrames in Spark's workers, batch or stream: see :func:`score` and :func:`write_stream`."""

from __future__ import annotations

from dai_routes.spark.frames import REJECT_COLUMNS, score, split
from dai_routes.spark.streams import write_stream

__all__ = ["REJECT_COLUMNS", "score", "split", "write_stream"]
