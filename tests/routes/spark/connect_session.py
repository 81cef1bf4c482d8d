"""What test_connect asks of a session of Spark Connect, run in a process that has pyspark; writes what it saw."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession, functions

from dai_routes.spark import register, score, split, write_stream
from dai_scoring.errors import ScoringError


def main(address: str, model: str, rows: str) -> dict[str, Any]:
    session = SparkSession.builder.remote(address).getOrCreate()
    birds = session.read.csv(rows, header=True).withColumn("id", functions.monotonically_increasing_id())
    heavy = functions.when(functions.col("id") == 7, "heavy").otherwise(functions.col("body_mass_g"))
    scored, rejected = split(score(birds.withColumn("body_mass_g", heavy), model))
    return {
        "kind": type(session).__module__,
        "scores": {str(row["id"]): row["male"] for row in score(birds, model).select("id", "male").collect()},
        "scored": scored.count(),
        "rejected": [[row["id"], row["_reject_code"], row["_reject_value"]] for row in rejected.collect()],
        "missing": said(lambda: score(birds.drop("species"), model)),
        "in_jvm": said(lambda: score(birds, model, in_jvm=True)),
        "register": said(lambda: register(session, model)),
        "delta": said(lambda: write_stream(birds, model, "a", "b", "c", file_format="delta")),
    }


def said(call: Callable[[], Any]) -> str:
    try:
        call()
    except ScoringError as error:
        return str(error)
    return "nothing"


if __name__ == "__main__":
    found = main(*sys.argv[1:4])
    Path(sys.argv[4]).write_text(json.dumps(found))
