"""Scores a streaming DataFrame into files, each row once. Rejected rows go to separate files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dai_routes.spark.frames import score, split

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.streaming import StreamingQuery

BATCH_COLUMN = "dai_batch"
"""The name of the partition column; each batch of the stream is one partition."""


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

    Each batch of the stream is written to a folder ``dai_batch=N`` in both. If a batch is cut off, it is scored again
    and replaces that folder, so that every row is there once. ``checkpoint`` is the folder in which Spark stores its
    progress. ``trigger`` has the arguments of Spark's trigger. ``options`` are those of
    :func:`~dai_routes.spark.frames.score`; the errors are also the same.
    """
    score(df, model, **options)  # raises errors at once, not in the first batch

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
