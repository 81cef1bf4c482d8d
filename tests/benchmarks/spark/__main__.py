"""How fast Spark scores with the sample model of the Titanic, in its virtual machine and in Python workers.

Beside them a Python function that returns its rows unchanged (identity), and on Spark 3.5 Sparkling Water's MOJO. Rows
are in memory and scores go nowhere. Each round measures all of them, one after the other. For each of them it prints
rows a second, and microseconds of processor time a row of all processes, which other work on the machine changes less.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tests.support.processes import children
from tests.support.project import ROOT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_TICKS = os.sysconf("SC_CLK_TCK")
_PAIRS = (
    ("jvm", "python"),
    ("jvm", "identity"),
    ("python", "identity"),
    ("jvm", "sparkling"),
    ("python", "sparkling"),
    ("jvm", "row function"),
    ("python", "row function"),
)


def main() -> None:
    """Measure in a process that has Spark, and print its figures."""
    arguments = _arguments()
    if arguments.inside:
        print(json.dumps(measure(arguments)))
        return
    from tests.support.packages.spark import RELEASES

    variables = {**RELEASES[arguments.spark].environment(), "JDK_JAVA_OPTIONS": ""}
    command = [sys.executable, "-m", "tests.benchmarks.spark", *sys.argv[1:], "--inside"]
    done = subprocess.run(command, env=variables, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, dict[str, list[list[float]]]] = json.loads(done.stdout.splitlines()[-1])
    for rows, ways in figures.items():
        print(f"{int(rows):,} rows")
        for name, rounds in ways.items():
            speed = statistics.median(one[0] for one in rounds)
            print(f"  {name:14} {speed:10,.0f} rows/s {min(one[1] for one in rounds):8.2f} us CPU")
        for one, other in _PAIRS:
            if one in ways and other in ways:
                ratios = [a[0] / b[0] for a, b in zip(ways[one], ways[other], strict=True)]
                least = min(b[1] for b in ways[other]) / min(a[1] for a in ways[one])
                spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
                print(f"  {one} of {other}: {spread}, by CPU {least:.2f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.spark", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="titanic-pipeline.mojo")
    parser.add_argument("--spark", choices=("3.5", "4.1"), default="4.1")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000], help="several show growth")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="some of the ways")
    parser.add_argument(
        "--row-function", type=int, default=0, metavar="ROWS", help="a Python function for each row, too"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(arguments: argparse.Namespace) -> dict[int, dict[str, list[tuple[float, float]]]]:
    """By rows and way, for each round the rows a second, and the processor time of a row in microseconds."""
    logging.basicConfig(level=logging.WARNING)
    return {count: _rounds(arguments, _session(arguments), count) for count in arguments.rows}


def _session(arguments: argparse.Namespace) -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    if _with_sparkling(arguments):
        from tests.benchmarks.spark import others

        builder = builder.config("spark.jars", ",".join(map(str, others.sparkling_water_jars())))
    return builder.config("spark.driver.memory", "3g").config("spark.log.level", "ERROR").getOrCreate()


def _with_sparkling(arguments: argparse.Namespace) -> bool:
    return arguments.spark == "3.5" and (not arguments.only or "sparkling" in arguments.only)


def _rounds(arguments: argparse.Namespace, session: SparkSession, count: int) -> dict[str, list[tuple[float, float]]]:
    rows = passengers(session, count).persist()
    assert rows.count() == count
    ways = _ways(arguments, rows)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(arguments.rounds + 1):
        for name, frame in ways.items():
            scored = arguments.row_function if name == "row function" else count
            seconds, used = _timed(frame)
            if number:  # The first round warms up.
                found[name].append((scored / seconds, used / scored * 1e6))
    rows.unpersist()
    return found


def _ways(arguments: argparse.Namespace, rows: DataFrame) -> dict[str, DataFrame]:
    from dai_routes.spark import score
    from dai_scoring.scorer import RuntimeSettings

    settings = RuntimeSettings(accept_h2o_licence=True)
    ways: dict[str, Callable[[], DataFrame]] = {
        "identity": lambda: rows.mapInArrow(_identity, rows.schema),
        "jvm": lambda: score(rows, arguments.model, settings=settings, in_jvm=True),
        "python": lambda: score(rows, arguments.model, settings=settings, in_jvm=False),
    }
    if _with_sparkling(arguments):
        from tests.benchmarks.spark import others

        ways["sparkling"] = lambda: others.sparkling_water(rows, arguments.model)
    if arguments.row_function:
        ways["row function"] = lambda: _by_rows(rows.limit(arguments.row_function), arguments.model)
    return {name: way() for name, way in ways.items() if not arguments.only or name in arguments.only}


def _by_rows(rows: DataFrame, model: Path) -> DataFrame:
    from pyspark.sql import functions

    from tests.benchmarks.spark import others

    function = functions.udf(others.row_function(model.resolve(), Path(os.environ["JAVA_HOME"])), "double")
    return rows.repartition(2).withColumn("score", function(*others.COLUMNS))


def _timed(frame: DataFrame) -> tuple[float, float]:
    """The seconds that it takes to compute all rows, and the processor time."""
    used, began = _processor_seconds(), time.perf_counter()
    frame.write.format("noop").mode("overwrite").save()
    return time.perf_counter() - began, _processor_seconds() - used


def _processor_seconds() -> float:
    """Of this process and all below it, ended ones too."""
    found, waiting = 0, [os.getpid()]
    while waiting:
        process = waiting.pop()
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            waiting += children(process)
        except OSError:
            continue
        found += sum(map(int, fields[11:15]))
    return found / _TICKS


def _identity(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


def passengers(session: SparkSession, count: int) -> DataFrame:
    """Passengers in four partitions, with numbers as numbers, none of them a long: Sparkling Water fails on those."""
    return session.range(0, count, 1, 4).selectExpr(
        "id",
        "cast(id % 3 + 1 AS int) AS pclass",
        "CASE id % 3 WHEN 0 THEN 'male' WHEN 1 THEN 'female' END AS sex",
        "IF(id % 7 = 0, NULL, id % 80 + 0.5D) AS age",
        "concat('A', id % 997) AS ticket",
        "7.25D + id % 5000 * 0.01D AS fare",
        "concat('C', id % 11) AS cabin",
    )


if __name__ == "__main__":
    main()
