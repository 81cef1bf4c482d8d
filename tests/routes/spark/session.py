"""What test_frames asks of one session of Spark, run in a process that has pyspark; prints what it saw as JSON."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, functions

from dai_routes.spark import REJECT_COLUMNS, kafka, read_messages, register, score, split, write_stream
from dai_scoring.errors import ScoringError
from dai_scoring.options import OutputColumns
from tests.routes.spark import bad_input


def main(model: str, rows: str, master: str, titanic: str, cases: str, folder: str) -> dict[str, Any]:
    builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
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
    frames = {"typed": typed, "texts": numbered, "decimals": decimals, "partitions": typed.repartition(5)}
    return {
        "version": session.version,
        "connector": kafka.connector(session.version),
        **{name: by_id(score(frame, model)) for name, frame in frames.items()},
        "in_python": {name: by_id(score(frame, model, in_jvm=False)) for name, frame in frames.items()},
        "ways": {name: way(score(frame, model)) for name, frame in frames.items()},
        "declined": declined(session, typed, model),
        "sql": in_sql(session, numbered, model),
        "odd": [compared(odd_rows(session), model, in_jvm) for in_jvm in (True, False)],
        "columns": score(typed, model).columns,
        "ids": ids.columns,
        "scored": by_id(scored),
        "scored_columns": scored.columns,
        "rejected": [[row["id"], *(row[name] for name in REJECT_COLUMNS)] for row in rejected.collect()],
        "missing": said(lambda: score(typed.drop("species"), model, missing_columns="fail")),
        "as_missing": score(typed.drop("species"), model, missing_columns="as-missing").count(),
        "words": score(typed, model, output_columns="all").columns,
        "clash": said(lambda: score(typed.withColumn("male", functions.lit(1)), model)),
        "empty": score(typed.limit(0), model).count(),
        "messages": messages(session, cases),
        "kept_of_messages": kept_of_messages(session, model, rows, Path(folder)),
        "bad": bad_input.main(session, typed, Path(model), titanic, Path(folder)),
    }


def messages(session: SparkSession, cases: str) -> list[list[Any]]:
    """The scores of messages with truth values, for a model whose levels are other words for them."""
    if not cases:
        return []
    with (Path(cases) / "data.csv").open(encoding="utf-8") as file:
        rows = [{**row, "flag": {"True": True, "False": False}.get(row["flag"])} for row in csv.DictReader(file)]
    values = [(json.dumps(row).encode(), None, "topic", 0, number) for number, row in enumerate(rows)]
    kind = "value binary, key binary, topic string, partition int, offset long"
    model = Path(cases) / "gbm_bool.zip"
    scored = score(read_messages(session.createDataFrame(values, kind), model), model)
    return [[row["yes"], row["_reject_code"]] for row in scored.orderBy("kafka_offset").collect()]


def kept_of_messages(session: SparkSession, model: str, rows: str, folder: Path) -> list[list[Any]]:
    """By what a stream of a good and a damaged message keeps: the columns of both outputs, and the damaged text."""
    with Path(rows).open(encoding="utf-8") as file:
        texts = [json.dumps(next(csv.DictReader(file))), "no JSON"]
    incoming = folder / "messages"
    incoming.mkdir()
    lines = [json.dumps({"value": text, "offset": number}) for number, text in enumerate(texts)]
    (incoming / "a.json").write_text("\n".join(lines))
    kind = "value string, key string, topic string, partition int, offset long"
    found = []
    for kept, ids in (("predictions", ()), ("ids", ("kafka_offset",)), ("all", ())):
        places = [str(folder / f"messages-{kept}-{name}") for name in ("scores", "rejected", "checkpoint")]
        incoming_rows = read_messages(session.readStream.schema(kind).json(str(incoming)), model)
        write_stream(
            incoming_rows, model, *places, output_columns=kept, id_columns=ids, trigger={"availableNow": True}
        ).awaitTermination()
        scores, rejected = (session.read.parquet(place) for place in places[:2])
        found.append([kept, scores.columns, rejected.columns, scores.count(), rejected.first()["_reject_value"]])
    return found


def way(df: DataFrame) -> str:
    """Where Spark scores the rows, by its own plan."""
    plan = df._jdf.queryExecution().logical().toString()
    assert ("MapPartitions" in plan) != ("MapInArrow" in plan)
    return "jvm" if "MapPartitions" in plan else "python"


def in_sql(session: SparkSession, df: DataFrame, model: str) -> dict[str, Any]:
    """What the function says of a view."""
    register(session, model)
    register(session, model, "lenient", missing_columns="as-missing", missing_values=("-",))
    df.createOrReplaceTempView("birds")
    names = ["species", "island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "date_egg"]
    struct = ", ".join(f"'{name}', {name}" for name in reversed(names))
    query = session.sql(f"SELECT id, s.* FROM (SELECT id, dai_score(named_struct({struct})) s FROM birds)")
    (heavy,) = session.sql("SELECT lenient(named_struct('body_mass_g', 'heavy', 'bill_depth_mm', '-')) s").collect()
    try:
        session.sql("SELECT dai_score(named_struct('species', 'a')) s").collect()
    except (PySparkException, Py4JJavaError) as error:
        missing = str(error)
    return {"scores": by_id(query), "heavy": list(heavy.s)[-3:], "missing": missing}


def declined(session: SparkSession, df: DataFrame, model: str) -> dict[str, str]:
    """What is said of frames and options that the virtual machine cannot score."""
    times = df.withColumn("body_mass_g", functions.lit("2020-01-02").cast("date"))
    nested = df.withColumn("body_mass_g", functions.array(functions.lit(1)))
    return {
        "times": said(lambda: score(times, model, in_jvm=True)),
        "nested": said(lambda: score(nested, model, in_jvm=True)),
        "ship": said(lambda: score(df, model, ship=False, in_jvm=True)),
        "contributions": said(lambda: score(df, model, contributions="original", in_jvm=True)),
        "ways": " ".join(way(score(frame, model)) for frame in (times, nested)),
    }


def odd_rows(session: SparkSession) -> DataFrame:
    """Values that do not fit, that are missing, and columns that only pass through."""
    nothing, number = "cast(null as string)", "cast(39.125 as decimal(9,4))"
    rows = [
        ("'Adelie'", "'39.1'", "' 18.7 '", "float(181.5)", number, "date '2007-11-11'"),
        ("'unseen'", "'nan'", "'heavy'", "float('nan')", number, "date '1500-02-28'"),
        (nothing, "''", "'1e400'", "float('infinity')", f"-{number}", "date '1582-10-10'"),
        ("' Adelie'", "'0x1'", nothing, "cast(null as float)", "cast(null as decimal(9,4))", "cast(null as date)"),
        ("''", "'" + "9" * 300 + "x'", "'1'", "float(0.1)", number, "date '9999-12-31'"),
    ]
    names = ("species", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "date_egg")
    selects = [", ".join(f"{value} {name}" for value, name in zip(row, names, strict=True)) for row in rows]
    further = (
        "binary('ab') bytes, timestamp '1582-10-10 01:02:03.456789' time, timestamp_ntz '0001-01-01 00:00:00.5' ntz, "
        "array(1, null) list, map('a', 1.5D) map, named_struct('x', date '1582-10-11') struct, "
        "cast(1.5 as decimal(38,9)) wide"
    )
    texts = [f"SELECT {number} id, 'Biscoe' island, {select}, {further}" for number, select in enumerate(selects)]
    return session.sql(" UNION ALL ".join(texts))


def compared(df: DataFrame, model: str, in_jvm: bool) -> list[str]:
    """The rows as text, and the names and types of their columns."""
    scored = score(df, model, in_jvm=in_jvm)
    assert way(scored) == ("jvm" if in_jvm else "python")
    texts = [functions.col(name).cast("string").alias(name) for name in scored.columns]
    rows = sorted(str(row) for row in scored.select(texts).collect())
    return [*rows, str([(name, kind) for name, kind in scored.dtypes])]


def by_id(df: DataFrame) -> dict[str, float]:
    return {str(row["id"]): row["male"] for row in df.select("id", "male").collect()}


def said(call: Any) -> str:
    try:
        call()
    except ScoringError as error:
        return f"{error.code}: {error}"
    return "nothing"


if __name__ == "__main__":
    found = main(*sys.argv[1:7])
    Path(sys.argv[7]).write_text(json.dumps(found))
