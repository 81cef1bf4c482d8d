"""Wrong calls of ``dai-score spark``, which are refused before Spark starts, and what errors of Spark say."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dai_routes.spark.command import app
from dai_routes.spark.session import said, submit_line
from dai_scoring.cli.errors import UsageError

_STREAM = ["stream", "-m", "a.mojo", "--input", "in", "--output", "out", "--checkpoint", "c"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--input-format", "kafka"], "Give Kafka's brokers with --servers HOST:PORT."),
        (["--output-format", "kafka"], "Give Kafka's brokers with --servers HOST:PORT."),
        (["--option", "sep"], "--option sep: write NAME=VALUE."),
        (["--conf", "=1"], "--conf =1: write NAME=VALUE."),
        (["--jvm-options", "'"], "--jvm-options cannot be split into options: No closing quotation."),
    ],
    ids=["input", "output", "option", "conf", "jvm"],
)
def test_wrong_flags_are_refused(words: list[str], message: str) -> None:
    error = CliRunner().invoke(app, [*_STREAM, *words]).exception
    assert isinstance(error, UsageError)
    assert message in str(error)


@pytest.mark.parametrize("master", [["--master", "local[2]"], ["--master=local[2]"], []], ids=["two", "one", "none"])
def test_the_line_for_a_cluster_has_the_arguments_but_for_the_master(master: list[str]) -> None:
    given = ["/bin/dai-score", "spark", "batch", *master, "-m", "my model.mojo"]
    first, file, rest = submit_line(given, "g:a:1").partition("submit.py")
    assert first.startswith("spark-submit --master MASTER --packages g:a:1 ")
    assert Path(first.split()[-1] + file).is_file()
    assert rest == " batch -m 'my model.mojo'"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Traceback\n  File x\ndai_scoring.errors.ModelError: it is damaged\n\n\tat org.apache", "it is damaged"),
        (
            "Job aborted: Lost task 0.3 (host executor 0): java.lang.IllegalStateException: The model is damaged\n"
            "\tat daiscoring\nCaused by: java.util.zip.ZipException: no END",
            "The model is damaged",
        ),
        ("[PATH_NOT_FOUND] Path does not exist: file:/x.\n\tat x", "[PATH_NOT_FOUND] Path does not exist: file:/x."),
        (
            "An error occurred while calling o61.save.\n: org.SparkException: Disk is full\n",
            "org.SparkException: Disk is full",
        ),
        (
            "[STREAM_FAILED] Return Message: Traceback (most recent call last):\n"
            '  File "x", in write\n    save()\npyspark.errors.exceptions.captured.AnalysisException: [X] No text.\n',
            "[X] No text.",
        ),
        (
            "[STREAM_FAILED] Return Message: Traceback (most recent call last):\n  File x\n"
            "py4j.protocol.Py4JJavaError: An error occurred while calling o1.save.\n: org.Exception: Disk is full\n",
            "org.Exception: Disk is full",
        ),
        (
            "An error occurred while calling o1.load.\n: org.SparkException: Thrown in awaitResult: \n\tat x\n"
            "Caused by: org.SparkException: [FOOTER] Could not read a.parquet.\n\tat x\nCaused by: x.E: no magic\n",
            "[FOOTER] Could not read a.parquet.",
        ),
    ],
    ids=["python", "java", "spark", "py4j", "batch", "job of a batch", "cause"],
)
def test_one_sentence_of_an_error_is_said(text: str, sentence: str) -> None:
    assert said(text) == sentence
