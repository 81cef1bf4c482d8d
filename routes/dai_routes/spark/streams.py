"""A stream of DataFrames scored into files, each row once, and rejected rows into files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dai_routes.spark.frames import score, split

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.streaming import StreamingQuery

BATCH_COLUMN = "dai_batch"
"""The partition that the files of a batch of the stream are in."""


def write_stream(
    df: DataFrame,
    model: str | Path,
    target: str,
    rejected: str,
    checkpoint: str,
    *,
    file_format: str = "parquet",
    trigger: dict[str, Any] | None = None,
    **options: Any,
) -> StreamingQuery:
    """Start a query that scores a stream into files in the folder ``target``, and rejected rows in ``rejected``.

    A batch of the stream is scored once, into a folder ``dai_batch=N`` of each. A batch that was cut off is written
    again, in place of what was there, so that every row is there once. ``checkpoint`` is the folder in which Spark
    notes how far it has come; ``trigger`` are arguments of Spark's trigger. ``options`` are those of
    :func:`~dai_routes.spark.frames.score`, which says what is raised.
    """
    score(df, model, **options)  # what is wrong is said at once, and not by the first batch

    def write(batch: DataFrame, number: int) -> None:
        scored = score(batch, model, **options).persist()
        try:
            for rows, folder in zip(split(scored), (target, rejected), strict=True):
                rows.write.mode("overwrite").format(file_format).save(f"{folder}/{BATCH_COLUMN}={number}")
        finally:
            scored.unpersist()

    return (
        df.writeStream.foreachBatch(write)
        .option("checkpointLocation", checkpoint)
        .trigger(**(trigger or {"processingTime": "0 seconds"}))
        .start()
    )
