"""Tables of Delta Lake as a target: the package that a version of Spark needs, and batches that are written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dai_routes.spark import shipping
from dai_scoring.errors import PrerequisiteError, UnsupportedError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
"""What a session must be started with, beside the package."""
_SOURCE = "org.apache.spark.sql.delta.sources.DeltaDataSource"
# The last one that runs on the first releases of Spark 3.5.
_OLD = "io.delta:delta-spark_2.12:3.2.0"
_OF_OLD = ("3.5.0", "3.5.1", "3.5.2")
_PACKAGES = {
    "3.5": "io.delta:delta-spark_2.12:3.3.2",
    "4.0": "io.delta:delta-spark_4.0_2.13:4.1.0",
    "4.1": "io.delta:delta-spark_4.1_2.13:4.1.0",
}
# Spark's own name for the id of a stream, which it keeps in the checkpoint.
_QUERY_ID = "sql.streaming.queryId"


def package(version: str) -> str:
    """The Maven coordinates of Delta Lake for a version of Spark.

    Raises PrerequisiteError if it is not known.
    """
    if version in _OF_OLD:
        return _OLD
    release = ".".join(version.split(".")[:2])
    if release not in _PACKAGES:
        raise PrerequisiteError(
            f"Which Delta Lake belongs to Spark {version} is not known here, only those of {', '.join(_PACKAGES)}. "
            "Name it with --conf spark.jars.packages=io.delta:delta-spark_..."
        )
    return _PACKAGES[release]


def check(session: SparkSession) -> None:
    """Raise PrerequisiteError if the session has no Delta Lake, UnsupportedError if it does not tell a stream's id."""
    if shipping.is_remote(session):
        raise UnsupportedError(
            "Over Spark Connect a stream into Delta Lake cannot be told from another one, so rows could be there twice."
            " Use a session without Spark Connect, or write parquet."
        )
    check_classes(session._jvm, session.version)


def check_classes(jvm: Any, version: str) -> None:
    """The same for a virtual machine without a session: starting one without Delta logs a long stack trace."""
    from py4j.protocol import Py4JJavaError

    try:
        jvm.java.lang.Thread.currentThread().getContextClassLoader().loadClass(_SOURCE)
    except Py4JJavaError as error:
        settings = " ".join(f"--conf {name}={value}" for name, value in SETTINGS.items())
        raise PrerequisiteError(
            f"This Spark has no Delta Lake. Start it with --packages {package(version)} {settings}; in Python, set "
            "spark.jars.packages and these two before you make the session."
        ) from error


def append_once(batch: DataFrame, rows: DataFrame, place: str, number: int, options: Mapping[str, str]) -> None:
    """Append rows of a stream's batch to a table, unless an earlier start of the same stream has done it.

    Delta writes the stream's id and the number of the batch in the transaction of the rows. The id is in the
    checkpoint: a stream with a new checkpoint writes all rows again. Raises UnsupportedError if Spark does not tell it.
    """
    query = batch.sparkSession.sparkContext.getLocalProperty(_QUERY_ID)
    if query is None:  # Delta would add the rows without it, perhaps twice.
        raise UnsupportedError("Spark does not tell which stream a batch is of, so its rows could be there twice.")
    writer = rows.write.mode("append").format("delta").options(**options)
    writer.option("txnAppId", query).option("txnVersion", str(number)).save(place)
