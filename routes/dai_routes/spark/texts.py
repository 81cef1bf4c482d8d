"""Text that Spark reads: its options for CSV and JSON, and damaged lines and messages, which are rejected rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions, types

from dai_routes.spark.frames import score
from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.formats import MALFORMED_ROW
from dai_scoring.options import OutputColumns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MALFORMED = "_malformed"
"""The column with the text of a line or message that is damaged; null if it is not."""

# Quotes within a text are doubled, as in all other CSV, and its blanks stay: Spark's own way differs in both.
_CSV = {
    "header": "true",
    "escape": '"',
    "ignoreLeadingWhiteSpace": "false",
    "ignoreTrailingWhiteSpace": "false",
}
# Otherwise Spark takes the columns of a file by their place, whatever its header says.
_INPUT = {"csv": {**_CSV, "enforceSchema": "false"}, "json": {}}


def input_options(file_format: str, given: Mapping[str, str]) -> dict[str, str]:
    """Spark's options to read files of a format, with those that were ``given``."""
    if file_format not in _INPUT:
        return dict(given)
    return {**_INPUT[file_format], **given, "columnNameOfCorruptRecord": MALFORMED}


def output_options(file_format: str) -> dict[str, str]:
    """Spark's options to write them."""
    return _CSV if file_format == "csv" else {}


def schema_of(spark: SparkSession, file_format: str, source: str, options: Mapping[str, str]) -> types.StructType:
    """The columns of the files that are there. Behind those of text comes one for damaged lines, :data:`MALFORMED`."""
    found = spark.read.format(file_format).options(**options).load(source).schema
    fields = [field for field in found.fields if field.name != MALFORMED]
    if file_format not in _INPUT or not fields:
        return found
    return types.StructType([*fields, types.StructField(MALFORMED, types.StringType())])


def load(spark: SparkSession, file_format: str, source: str, options: Mapping[str, str]) -> DataFrame:
    """The rows of files."""
    reader = spark.read.format(file_format).options(**options)
    if file_format in _INPUT:
        reader = reader.schema(schema_of(spark, file_format, source, options))
    return reader.load(source)


def score_texts(rows: DataFrame, model: str | Path, **options: Any) -> DataFrame:
    """Score rows, of which those with a text in :data:`MALFORMED` are rejected; the result is without that column.

    The rest is as in :func:`~dai_routes.spark.frames.score`, which scores rows that have no such column.
    """
    if MALFORMED not in rows.columns:
        return score(rows, model, **options)
    kept, given = rows.columns, OutputColumns(options.get("output_columns", OutputColumns.ALL))
    if given is not OutputColumns.ALL:
        # The reason is needed beside the score, also if the column is not wanted in the output.
        kept = [*(options.get("id_columns", ()) if given is OutputColumns.IDS else ()), MALFORMED]
        options = {**options, "output_columns": OutputColumns.IDS, "id_columns": tuple(kept)}
    scored = score(rows, model, **options)
    text = functions.col(MALFORMED)
    code, _, value = REJECT_COLUMNS
    reasons = {code: functions.lit(MALFORMED_ROW), value: text}
    columns = []
    for number, name in enumerate(scored.columns):
        column = functions.col(f"`{name.replace('`', '``')}`")
        if number >= len(kept):
            column = functions.when(text.isNull(), column).otherwise(reasons.get(name, functions.lit(None))).alias(name)
        columns.append(column)
    return scored.select(columns).drop(MALFORMED)
