"""The session of Spark that a command uses, and Spark's errors in one sentence."""

from __future__ import annotations

import logging
import os
import re
import shlex
import signal
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dai_routes.spark import places
from dai_scoring import extras
from dai_scoring.cli.console import Output
from dai_scoring.cli.errors import MissingExtraError, NotFoundError, PrerequisiteError, ScoringFailedError, UsageError
from dai_scoring.cli.opening import translated

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spark's words, which go on with the header: without one, that is a row.
_OTHER_HEADER = re.compile(r"CSV header.+?CSV file: (\S+)", re.DOTALL)
_OF_PYTHON = re.compile(r"^(?:\w+\.)+\w+(?:Error|Exception): ", re.MULTILINE)
_CAUSE = re.compile(r"^Caused by: [\w.$]+: (.+[^:\s])\s*$", re.MULTILINE)
# What daiscoring.spark throws; Spark puts it into a line of its own words.
_OF_JAVA = re.compile(r"java\.lang\.Illegal(?:State|Argument)Exception: (.+)")


def begin(
    output: Output, master: str | None, settings: Mapping[str, str], formats: Collection[str] = ()
) -> SparkSession:
    """Start Spark, or take the session of spark-submit.

    Spark fetches the packages for ``formats``, which are kafka and delta, unless ``settings`` have jars. Raises
    MissingExtraError without pyspark, and PrerequisiteError if a package is not there.
    """
    # Workers on this machine use this Python environment; for other machines the user sets it.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        import pyspark
        from py4j.protocol import Py4JJavaError
        from pyspark import SparkConf, SparkContext
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

        from dai_routes.spark import delta, kafka
    except ModuleNotFoundError as error:
        raise MissingExtraError(extras.absent(error, "spark")) from error
    chosen = {"spark.app.name": "dai-score", **({} if master is None else {"spark.master": master})}
    packages = None
    if formats and not {"spark.jars", "spark.jars.packages"} & settings.keys():
        known = {"kafka": kafka.connector, "delta": delta.package}
        with translated():
            packages = ",".join(known[one](pyspark.__version__) for one in formats)
        chosen["spark.jars.packages"] = packages
    if "delta" in formats:
        chosen.update(delta.SETTINGS)
    chosen.update(settings)
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        output.say(f"On a cluster: {submit_line(sys.argv, packages)}")
    # py4j logs the traceback of an interrupt that comes while it waits for Java.
    for logger in ("root", "py4j.java_gateway", "py4j.clientserver"):
        logging.getLogger(logger).addFilter(_is_no_interrupt)
    # Spark's handler would call Java within a call to Java, which fails; this process's own ends it, and Java with it.
    handler = signal.getsignal(signal.SIGINT)
    try:
        if "delta" in formats:
            context = SparkContext.getOrCreate(SparkConf().setAll(list(chosen.items())))
            with translated():
                delta.check_classes(context._jvm, context.version)
        return SparkSession.builder.config(map=dict(chosen)).getOrCreate()
    except (PySparkException, Py4JJavaError) as error:
        cluster = f" Is {master}, of --master, right, and does that cluster run?" if master else ""
        fetched = f" If it cannot fetch {packages}, name jars that you have with --conf spark.jars=FILE,FILE."
        raise PrerequisiteError(
            f"Spark does not start; its messages above say why.{cluster}{fetched if packages else ''}"
        ) from error
    finally:
        signal.signal(signal.SIGINT, handler)


def _is_no_interrupt(record: logging.LogRecord) -> bool:
    """Whether the error that is logged, if any, neither is an interrupt nor comes of one, as a lost connection may."""
    error = record.exc_info[1] if record.exc_info else None
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is None


def check_input(spark: SparkSession, source: str) -> None:
    """Raise NotFoundError if Spark finds no file or folder at a path, which may be a pattern.

    Spark 4 logs a stack trace of Java before its own error.
    """
    found = places.file_system(spark, source)
    if found is not None and not found[0].globStatus(found[1]):
        raise NotFoundError(f"--input: Spark finds no file or folder {source}.")


def check_output(spark: SparkSession, folders: Mapping[str, str]) -> None:
    """Raise UsageError if one of the folders to write is there. Each has the name of its option.

    Spark finds the second one only when it has written the first.
    """
    for option, folder in folders.items():
        if places.is_there(spark, folder):
            raise UsageError(f"{option}: {folder} is there already. Name another folder, or delete it.")


def submit_line(arguments: list[str], packages: str | None) -> str:
    """What to type to run this command with spark-submit, which takes Python files alone."""
    words = ["spark-submit", "--master", "MASTER"]
    if packages is not None:
        words += ["--packages", packages]
    given = arguments[arguments.index("spark") + 1 :] if "spark" in arguments else arguments[1:]
    if "--master" in given:
        at = given.index("--master")
        given = given[:at] + given[at + 2 :]
    given = [one for one in given if not one.startswith("--master=")]
    return shlex.join([*words, str(Path(__file__).with_name("submit.py")), *given])


@contextmanager
def spark_errors(spark: SparkSession) -> Iterator[None]:
    """Turn errors of Spark into one sentence, without the traceback of Java; an interrupt ends its log too."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        raise ScoringFailedError(f"Spark says: {said(str(error))}") from error
    except KeyboardInterrupt:
        # Java would log that a batch is cut off, as it ends after this process.
        with suppress(Exception):
            spark.sparkContext.setLogLevel("OFF")
        raise


def said(text: str) -> str:
    """The line that says what happened: the last of the library's, or what its Java says, otherwise the first."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    of_worker = [line for line in lines if line.startswith("dai_scoring.")]
    if of_worker:
        return of_worker[-1].partition(": ")[2]
    if found := _OTHER_HEADER.search(text):
        return f"the columns of {found.group(1)} are not those of the other files, in their order. Score it by itself."
    if found := _OF_JAVA.search(text):
        return found.group(1).strip()
    # Python's own error in a batch of a stream is below its traceback.
    if "Traceback (most recent" in text and (raised := list(_OF_PYTHON.finditer(text))):
        lines = [line.strip() for line in text[raised[-1].end() :].splitlines() if line.strip()]
    # Of a failed job, py4j first says which of its objects was called.
    first = next(line.lstrip(": ") for line in lines if not line.startswith("An error occurred while calling"))
    cause = _CAUSE.search(text) if first.endswith(":") else None
    return cause.group(1).strip() if cause else first
