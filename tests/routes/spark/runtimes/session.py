"""Scores rows with a model in Python workers of Spark, in a process that has pyspark; writes their predictions."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pyspark.sql import SparkSession, functions

from dai_routes.spark import score
from dai_scoring.scorer import PipelineSettings, RuntimeSettings


def main(model: str, runtime: str, rows: str, column: str) -> list[float]:
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    texts = session.getOrCreate().read.csv(rows, header=True).coalesce(1)
    numbered = texts.withColumn("place", functions.monotonically_increasing_id()).repartition(2, "place")
    settings = RuntimeSettings(pipeline=PipelineSettings(python_command=sys.executable))
    scored = score(numbered, model, runtime=runtime, settings=settings)
    return [row[column] for row in scored.orderBy("place").collect()]


if __name__ == "__main__":
    Path(sys.argv[5]).write_text(json.dumps(main(*sys.argv[1:5])))
