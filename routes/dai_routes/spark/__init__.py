"""Scores in Spark: DataFrames (:func:`score`), streams (:func:`write_stream`), and in its SQL (:func:`register`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dai_scoring import extras

if TYPE_CHECKING:
    from dai_routes.spark.frames import REJECT_COLUMNS, score, split
    from dai_routes.spark.kafka import read_messages
    from dai_routes.spark.sql import register
    from dai_routes.spark.streams import write_stream

__all__ = ["REJECT_COLUMNS", "read_messages", "register", "score", "split", "write_stream"]


def __getattr__(name: str) -> Any:
    """Import Spark when something of it is asked for: the command line lists its commands without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from dai_routes.spark import frames, kafka, sql, streams
    except ModuleNotFoundError as error:
        raise ImportError(extras.absent(error, "spark")) from error
    return getattr({"write_stream": streams, "register": sql, "read_messages": kafka}.get(name, frames), name)
