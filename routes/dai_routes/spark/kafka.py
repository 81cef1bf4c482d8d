"""Kafka's messages as rows, and rows as messages. Messages are JSON objects, one a row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import functions, types

from dai_routes.spark.texts import MALFORMED
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
    and ``further`` ones, and :data:`~dai_routes.spark.texts.MALFORMED`. It has the text of a message that is no
    JSON object: :func:`~dai_routes.spark.streams.write_stream` rejects such rows. Raises ModelError if the model cannot
    be loaded.
    """
    with open_model(model, runtime, settings) as scorer:
        inputs = scorer.info.inputs
    truths = {column.name: column.levels.truths for column in inputs if column.levels is not None}
    names = list(dict.fromkeys([*(column.name for column in inputs), *further]))
    fields = [types.StructField(name, types.StringType()) for name in (*names, MALFORMED)]
    text = df["value"].cast("string")
    parsed = functions.from_json(text, types.StructType(fields), {"columnNameOfCorruptRecord": MALFORMED})
    rows = df.select(
        *(df[name].alias(f"kafka_{name}") for name in _PLACE),
        df["key"].cast("string").alias(KEY),
        functions.when(parsed.isNull(), functions.coalesce(text, functions.lit(""))).alias("_none"),
        parsed.alias("_parsed"),
        text.alias("_text"),
    )
    given = [_of_field(name, truths.get(name)).alias(name) for name in names]
    malformed = functions.coalesce(functions.col("_none"), functions.col("_parsed").getField(MALFORMED))
    return rows.select(*(f"kafka_{name}" for name in _PLACE), KEY, *given, malformed.alias(MALFORMED))


def _of_field(name: str, truths: tuple[str, str] | None) -> Column:
    """The text of a field. In place of true and false are the levels that mean them, if the model has such."""
    text = functions.col("_parsed").getField(name)
    if truths is None or truths == ("true", "false"):
        return text
    # Read once more: as texts, true and "true" are the same.
    kind = types.StructType([types.StructField(name, types.BooleanType())])
    truth = functions.from_json(functions.col("_text"), kind).getField(name)
    level = functions.when(truth, truths[0]).when(~truth, truths[1]).otherwise(text)
    return functions.when(text.isin("true", "false"), level).otherwise(text)


def to_messages(rows: DataFrame) -> DataFrame:
    """Each row as a message: an object with all its columns, under the key that it came with."""
    fields: list[Column] = [functions.col(f"`{name.replace('`', '``')}`") for name in rows.columns]
    value = functions.to_json(functions.struct(*fields), {"ignoreNullFields": "false"})
    key = functions.col(KEY) if KEY in rows.columns else functions.lit(None).cast("string")
    return rows.select(key.alias("key"), value.alias("value"))
