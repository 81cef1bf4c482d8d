"""DataFrames of Spark scored where they are, by :func:`score`, batch or stream."""

from __future__ import annotations

from dai_routes.spark.frames import REJECT_COLUMNS, score, split
from dai_routes.spark.streams import write_stream

__all__ = ["REJECT_COLUMNS", "score", "split", "write_stream"]
