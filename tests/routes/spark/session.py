"""What test_frames asks of one session of Spark, run in a process that has pyspark; prints what it saw as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession, functions

from dai_routes.spark import REJECT_COLUMNS, score, split
from dai_scoring.errors import ScoringError
from dai_scoring.options import MissingColumns, OutputColumns


def main(model: str, rows: str) -> dict[str, Any]:
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    session = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
    texts = session.read.csv(rows, header=True)
    numbered = texts.withColumn("id", functions.monotonically_increasing_id())
    typed = session.read.csv(rows, header=True, inferSchema=True).withColumn(
        "id", functions.monotonically_increasing_id()
    )
    heavy = functions.when(functions.col("id") == 7, "heavy").otherwise(functions.col("body_mass_g"))
    scored, rejected = split(score(numbered.withColumn("body_mass_g", heavy), model))
    decimals = typed.withColumn("bill_length_mm", functions.col("bill_length_mm").cast("decimal(10,3)"))
    ids = score(typed, model, output_columns=OutputColumns.IDS, id_columns=("id",), prediction_prefix="p_")
    return {
        "typed": by_id(score(typed, model)),
        "texts": by_id(score(numbered, model)),
        "decimals": by_id(score(decimals, model)),
        "partitions": by_id(score(typed.repartition(5), model)),
        "columns": score(typed, model).columns,
        "ids": ids.columns,
        "scored": by_id(scored),
        "scored_columns": scored.columns,
        "rejected": [[row["id"], *(row[name] for name in REJECT_COLUMNS)] for row in rejected.collect()],
        "missing": said(lambda: score(typed.drop("species"), model)),
        "as_missing": score(typed.drop("species"), model, missing_columns=MissingColumns.AS_MISSING).count(),
        "clash": said(lambda: score(typed.withColumn("male", functions.lit(1)), model)),
        "empty": score(typed.limit(0), model).count(),
    }


def by_id(df: DataFrame) -> dict[str, float]:
    return {str(row["id"]): row["male"] for row in df.select("id", "male").collect()}


def said(call: Any) -> str:
    try:
        call()
    except ScoringError as error:
        return f"{error.code}: {error}"
    return "nothing"


if __name__ == "__main__":
    found = main(*sys.argv[1:3])
    Path(sys.argv[3]).write_text(json.dumps(found))
