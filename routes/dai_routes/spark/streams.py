"""Scores a streaming DataFrame: into files and Delta each row once, into Kafka at least once; rejects go elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.errors import StreamingQueryException

from dai_routes.spark import delta, kafka
from dai_routes.spark.frames import split
from dai_routes.spark.places import BATCH_COLUMN, check_different, check_own_batches
from dai_routes.spark.texts import score_texts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.streaming import StreamingQuery

_LONGEST_PAUSE = 60


def write_stream(
    df: DataFrame,
    model: str | Path,
    target: str,
    rejected: str,
    checkpoint: str,
    *,
    file_format: str = "parquet",
    writer_options: Mapping[str, str] | None = None,
    trigger: dict[str, Any] | None = None,
    **options: Any,
) -> StreamingQuery:
    """Start a query that scores a stream into files in the folder ``target``, and rejected rows in ``rejected``.

    Each batch of the stream is written to a folder ``dai_batch=N`` in both. If a batch is cut off, it is scored again
    and replaces that folder, so that every row is there once. ``checkpoint`` is the folder in which Spark stores its
    progress. ``writer_options`` are those of Spark for the format, and ``trigger`` has the arguments of its trigger.
    ``options`` are those of :func:`~dai_routes.spark.frames.score`; the errors are also the same. OptionError is raised
    too if two of the three places are the same, or if the checkpoint is new and the folders have batches, which would
    be replaced.

    With the format "delta" both are tables of Delta Lake, to which each batch is added once; PrerequisiteError is
    raised if the session has no Delta Lake.

    With the format "kafka" both are topics. A batch that is cut off is published again: each row at least once.
    """
    places = {"target": (target, file_format), "rejected": (rejected, file_format), "checkpoint": (checkpoint, "")}
    check_different(df.sparkSession, places)
    if file_format == "delta":
        delta.check(df.sparkSession)
    elif file_format != "kafka":
        check_own_batches(df.sparkSession, (target, rejected), checkpoint)
    score_texts(df, model, **options)  # raises errors at once, not in the first batch

    def write(batch: DataFrame, number: int) -> None:
        scored = score_texts(batch, model, **options).persist()
        try:
            accepted, refused = split(scored)
            for part, place in ((accepted, target), (refused, rejected)):
                _write(batch, part, place, number, file_format, writer_options or {})
        finally:
            scored.unpersist()

    return (
        df.writeStream.foreachBatch(write)
        .option("checkpointLocation", checkpoint)
        .trigger(**(trigger or {"processingTime": "0 seconds"}))
        .start()
    )


def _write(
    batch: DataFrame, rows: DataFrame, place: str, number: int, file_format: str, options: Mapping[str, str]
) -> None:
    if file_format == "delta":
        delta.append_once(batch, rows, place, number, options)
    elif file_format == "kafka":
        kafka.to_messages(rows).write.format("kafka").options(**options).option("topic", place).save()
    else:
        writer = rows.write.mode("overwrite").format(file_format).options(**options)
        writer.save(f"{place}/{BATCH_COLUMN}={number}")


def keep_running(start: Callable[[], StreamingQuery], restarts: int, failed: Callable[[Exception, int], None]) -> None:
    """Wait for the end of a query, and start it again from its checkpoint if it fails, after a pause.

    After ``restarts`` starts in a row that finished no batch, the failure is raised. ``failed`` gets each failure
    before, and the seconds until the next start.
    """
    in_a_row = 0
    while True:
        query = start()
        try:
            query.awaitTermination()
        except StreamingQueryException as error:
            in_a_row = 0 if query.lastProgress else in_a_row
            if in_a_row >= restarts:
                raise
            in_a_row += 1
            pause = min(2**in_a_row, _LONGEST_PAUSE)
            failed(error, pause)
            time.sleep(pause)
        else:
            return
