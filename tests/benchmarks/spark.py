"""How fast Spark scores with the sample model of the Titanic, in its virtual machine and in Python workers.

Beside them a Python function that returns its rows unchanged (identity). Rows are in memory and scores go nowhere.
Each round measures all of them, one after the other; the figures to look at are the ratios of the same round.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tests.support.project import ROOT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def main() -> None:
    """Measure in a process that has Spark, and print its figures."""
    arguments = _arguments()
    if arguments.inside:
        print(json.dumps(measure(arguments.model, arguments.rows, arguments.rounds)))
        return
    from tests.support.packages.spark import environment

    variables = {**environment(), "JDK_JAVA_OPTIONS": ""}
    command = [sys.executable, "-m", "tests.benchmarks.spark", *sys.argv[1:], "--inside"]
    done = subprocess.run(command, env=variables, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    for name, speeds in figures["speeds"].items():
        print(f"{name:10} {statistics.median(speeds):10,.0f} rows/s")
    for name, ratios in figures["ratios"].items():
        print(f"{name:20} {statistics.median(ratios):5.2f} ({min(ratios):.2f}-{max(ratios):.2f})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.spark", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="titanic-pipeline.mojo")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(model: Path, count: int, rounds: int) -> dict[str, Any]:
    """The speeds in rows a second, and their ratios, of every round."""
    from pyspark.sql import SparkSession

    from dai_routes.spark import score
    from dai_scoring.scorer import RuntimeSettings

    logging.basicConfig(level=logging.WARNING)
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    session = builder.config("spark.driver.memory", "2g").config("spark.log.level", "ERROR").getOrCreate()
    rows = passengers(session, count).persist()
    assert rows.count() == count
    settings = RuntimeSettings(accept_h2o_licence=True)
    ways = {
        "identity": rows.mapInArrow(_identity, rows.schema),
        "jvm": score(rows, model, settings=settings, in_jvm=True),
        "python": score(rows, model, settings=settings, in_jvm=False),
    }
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, frame in ways.items():
            seconds = _timed(lambda frame=frame: frame.write.format("noop").mode("overwrite").save())
            if number:  # The first round warms up.
                speeds[name].append(count / seconds)
    pairs = [("jvm", "python"), ("jvm", "identity"), ("python", "identity")]
    ratios = {
        f"{one} of {other}": [a / b for a, b in zip(speeds[one], speeds[other], strict=True)] for one, other in pairs
    }
    return {"rows": count, "speeds": speeds, "ratios": ratios}


def _timed(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _identity(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


def passengers(session: SparkSession, count: int) -> DataFrame:
    """Passengers in four partitions, with numbers as numbers."""
    return session.range(0, count, 1, 4).selectExpr(
        "id",
        "id % 3 + 1 AS pclass",
        "CASE id % 3 WHEN 0 THEN 'male' WHEN 1 THEN 'female' END AS sex",
        "IF(id % 7 = 0, NULL, id % 80 + 0.5D) AS age",
        "concat('A', id % 997) AS ticket",
        "7.25D + id % 5000 * 0.01D AS fare",
        "concat('C', id % 11) AS cabin",
    )


if __name__ == "__main__":
    main()
