"""Kafka's messages as rows, and rows as messages. Messages are JSON objects, one a row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import functions, types

from dai_routes.spark.malformed import MALFORMED
from dai_scoring.models import Runtime, open_model
from dai_scoring.scorer import RuntimeSettings

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

KEY = "kafka_key"
_PLACE = ("topic", "partition", "offset")


def connector(version: str) -> str:
    """The Maven coordinates of the connector for a version of Spark; another version may not read its checkpoints."""
    scala = "2.12" if version.startswith("3.") else "2.13"
    return f"org.apache.spark:spark-sql-kafka-0-10_{scala}:{version}"


def read_messages(
    df: DataFrame,
    model: str | Path,
    further: Sequence[str] = (),
    *,
    runtime: Runtime | str = Runtime.AUTO,
    settings: RuntimeSettings | None = None,
) -> DataFrame:
    """Rows of Spark's source "kafka", streaming or not, with the columns of the model as text.

    The columns are ``kafka_topic``, ``kafka_partition``, ``kafka_offset`` and ``kafka_key``, then those of the model
    and ``further`` ones, and :data:`~dai_routes.spark.malformed.MALFORMED`. It has the text of a message that is no
    JSON object: :func:`~dai_routes.spark.streams.write_stream` rejects such rows. Raises ModelError if the model cannot
    be loaded.
    """
    with open_model(model, runtime, settings) as scorer:
        names = list(dict.fromkeys([*(column.name for column in scorer.info.inputs), *further]))
    fields = [types.StructField(name, types.StringType()) for name in (*names, MALFORMED)]
    text = df["value"].cast("string")
    parsed = functions.from_json(text, types.StructType(fields), {"columnNameOfCorruptRecord": MALFORMED})
    rows = df.select(
        *(df[name].alias(f"kafka_{name}") for name in _PLACE),
        df["key"].cast("string").alias(KEY),
        functions.when(parsed.isNull(), functions.coalesce(text, functions.lit(""))).alias("_none"),
        parsed.alias("_parsed"),
    )
    given = [functions.col("_parsed").getField(name).alias(name) for name in names]
    malformed = functions.coalesce(functions.col("_none"), functions.col("_parsed").getField(MALFORMED))
    return rows.select(*(f"kafka_{name}" for name in _PLACE), KEY, *given, malformed.alias(MALFORMED))


def to_messages(rows: DataFrame) -> DataFrame:
    """Each row as a message: an object with all its columns, under the key that it came with."""
    fields: list[Column] = [functions.col(f"`{name.replace('`', '``')}`") for name in rows.columns]
    value = functions.to_json(functions.struct(*fields), {"ignoreNullFields": "false"})
    key = functions.col(KEY) if KEY in rows.columns else functions.lit(None).cast("string")
    return rows.select(key.alias("key"), value.alias("value"))
