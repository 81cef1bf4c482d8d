"""Frames, models and files that something is wrong with, for the session of test_frames."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, functions

from dai_routes.spark import score, shipping
from dai_routes.spark.session import said
from dai_scoring.errors import ScoringError
from dai_scoring.scorer import RuntimeSettings

LONGS = (0, 7, 2**24 + 1, 2**53 + 1, 2**63 - 1, -(2**63), None)
PARTITIONS = 400


def main(session: SparkSession, df: DataFrame, model: Path, titanic: str, folder: Path) -> dict[str, Any]:
    return {
        "case": [another_case(df, model, in_jvm) for in_jvm in (True, False)],
        "twice": twice(df, model),
        "longs": [longs(session, titanic, in_jvm) for in_jvm in (True, False)] if titanic else [],
        "nested": nested(df, model),
        "damaged": damaged(session, df, model, folder),
        "replaced": replaced(df, model, folder),
        "other_file": other_file(df, model, folder),
        "watermarks": [watermark(session, df, model, in_jvm) for in_jvm in (True, False)],
    }


def another_case(df: DataFrame, model: Path, in_jvm: bool) -> list[Any]:
    """A column of the model beside others whose names differ in case alone."""
    names = [*df.columns, "SPECIES", "Body_Mass_G"]
    rows = df.select("*", functions.lit("x"), functions.lit(-1)).toDF(*names)
    scored = score(rows, model, in_jvm=in_jvm)
    assert scored.columns[: len(names)] == names
    return sorted([row["id"], row["male"]] for row in scored.select("id", "male").collect())


def twice(df: DataFrame, model: Path) -> list[str]:
    found = []
    for name in ("species", "id"):
        try:
            score(df.select("*", functions.col(name)), model)
        except ScoringError as error:
            found.append(f"{error.code}: {error}")
    return found


def longs(session: SparkSession, titanic: str, in_jvm: bool) -> list[Any]:
    """Longs in a column that the model has as Float32."""
    rows = [(number, age, "male", 7.25) for number, age in enumerate(LONGS)]
    df = session.createDataFrame(rows, "id long, age long, sex string, fare double").selectExpr(
        "*", "1L AS pclass", "'A1' AS ticket", "cast(null AS string) AS cabin"
    )
    scored = score(df, titanic, settings=RuntimeSettings(accept_h2o_licence=True), in_jvm=in_jvm)
    return sorted(
        [row["id"], row["survived.0"], row["_reject_code"]]
        for row in scored.select("id", "`survived.0`", "_reject_code").collect()
    )


def nested(df: DataFrame, model: Path) -> list[list[Any]]:
    scored = score(df.limit(2).withColumn("body_mass_g", functions.array(functions.lit(1))), model)
    return [[row["_reject_code"], row["_reject_column"], row["male"]] for row in scored.collect()]


def changed(model: Path, target: Path, comment: str) -> Path:
    """A model with the same content and another digest."""
    target.write_bytes(model.read_bytes())
    with zipfile.ZipFile(target, "a") as file:
        file.comment = comment.encode()
    return target


def damaged(session: SparkSession, df: DataFrame, model: Path, folder: Path) -> dict[str, Any]:
    """What is said, and how many tasks failed, if executors get half of the file."""
    before = set(shipping.folder().iterdir())
    scored = score(df.repartition(PARTITIONS), changed(model, folder / "damaged.mojo", "damaged"), in_jvm=True)
    (sent,) = set(shipping.folder().iterdir()) - before
    sent.write_bytes(sent.read_bytes()[:1000])
    session.sparkContext.setJobGroup("damaged", "")
    try:
        scored.write.format("noop").mode("overwrite").save()
    except (PySparkException, Py4JJavaError) as error:
        text = str(error)
    session.sparkContext.setJobGroup("", "")
    tracker = session.sparkContext.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup("damaged")]
    stages = [tracker.getStageInfo(stage) for job in jobs if job for stage in job.stageIds]
    return {"said": said(text), "failed": sum(stage.numFailedTasks for stage in stages if stage)}


def replaced(df: DataFrame, model: Path, folder: Path) -> list[int]:
    """Rows that are scored before and after the file of the model was replaced; workers compare its digest."""
    file, found = folder / "replaced.mojo", []
    for comment in ("first", "second"):
        changed(model, folder / "next.mojo", comment).replace(file)
        found.append(score(df, file, in_jvm=False).filter("male IS NOT NULL").count())
    return found


def other_file(df: DataFrame, model: Path, folder: Path) -> str:
    """What is said if a worker has another file than the driver under the path of the model."""
    file = changed(model, folder / "own.mojo", "of the driver")
    scored = score(df, file, in_jvm=False, ship=False)
    changed(model, file, "of a worker")
    try:
        scored.count()
        scored.write.format("noop").mode("overwrite").save()
    except (PySparkException, Py4JJavaError) as error:
        return said(str(error))
    return "nothing"


def watermark(session: SparkSession, df: DataFrame, model: Path, in_jvm: bool) -> str:
    """Counts of windows behind the scores of a stream, which Spark refuses without the watermark before them."""
    row = df.limit(1).drop("id").collect()[0].asDict()
    values = [functions.lit(value).alias(name) for name, value in row.items()]
    stream = (
        session.readStream.format("rate").load().withWatermark("timestamp", "1 minute").select("timestamp", *values)
    )
    counts = score(stream, model, in_jvm=in_jvm).groupBy(functions.window("timestamp", "1 minute")).count()
    query = counts.writeStream.outputMode("append").format("noop").start()
    query.stop()
    return str(query.exception())
