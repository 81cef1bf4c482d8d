"""DataFrames of a real Spark."""

from __future__ import annotations

import csv
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.support.packages.spark import Release
from tests.support.shared_cases import records, shared_case

pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def expected(samples: Path) -> dict[str, float]:
    with (samples / "penguins-expected.csv").open() as file:
        return {str(row): float(one["male"]) for row, one in enumerate(csv.DictReader(file))}


@pytest.mark.parametrize("kind", ["typed", "texts", "decimals", "partitions"])
def test_the_scores_are_those_of_the_library(seen: dict[str, Any], expected: dict[str, float], kind: str) -> None:
    assert seen[kind] == pytest.approx(expected)
    assert seen["ways"][kind] == "jvm"
    assert seen["in_python"][kind] == seen[kind]


def test_both_ways_give_the_same_rows(seen: dict[str, Any]) -> None:
    in_jvm, in_python = seen["odd"]
    assert in_jvm == in_python
    text = "\n".join(in_jvm)
    assert [text.count(f"_reject_code='{code}'") for code in ("not_a_number", "out_of_range")] == [3, 0]
    assert "1582-10-10 01:02:03.456789" in text


def test_what_the_virtual_machine_cannot_score_goes_to_python(seen: dict[str, Any]) -> None:
    found = dict(seen["declined"])
    assert found.pop("ways") == "python python"
    begin = "unsupported: Spark's virtual machine cannot score this: "
    assert all(said.startswith(begin) for said in found.values())
    assert "body_mass_g has times" in found["times"]
    assert "body_mass_g has the type array<int>" in found["nested"]


def test_a_function_of_sql_scores_structs(seen: dict[str, Any], expected: dict[str, float]) -> None:
    found = seen["sql"]
    assert found["scores"] == seen["texts"]
    assert found["heavy"] == ["not_a_number", "body_mass_g", "heavy"]
    assert "6 column(s) of the model are missing from the struct: island, " in found["missing"]


def test_the_columns_of_the_model_come_behind_those_of_the_rows(seen: dict[str, Any]) -> None:
    rejects = ["_reject_code", "_reject_column", "_reject_value"]
    assert seen["columns"][-7:] == ["id", "predict", "female", "male", *rejects]
    assert seen["words"] == seen["columns"]
    assert seen["ids"] == ["id", "p_predict", "p_female", "p_male", *rejects]
    assert seen["scored_columns"][-4:] == ["id", "predict", "female", "male"]


def test_a_row_that_cannot_be_scored_says_why(seen: dict[str, Any], expected: dict[str, float]) -> None:
    assert seen["rejected"] == [[7, "not_a_number", "body_mass_g", "heavy"]]
    assert seen["scored"] == pytest.approx({row: one for row, one in expected.items() if row != "7"})


def test_wrong_columns_are_said_before_spark_runs(seen: dict[str, Any]) -> None:
    assert seen["missing"].startswith("missing_columns: 1 column(s) of the model are missing from the records: species")
    assert seen["clash"].startswith("name_clash")
    assert (seen["as_missing"], seen["empty"]) == (348, 0)


def test_the_connector_for_kafka_is_of_the_version_of_spark(seen: dict[str, Any], release: Release) -> None:
    name = f"spark-sql-kafka-0-10_{release.scala}"
    assert seen["connector"] == f"org.apache.spark:{name}:{release.version}"
    assert f"/{name}-{release.version}.jar" in release.kafka_jars()


def test_a_truth_value_of_a_message_is_the_level_that_means_it(seen: dict[str, Any]) -> None:
    expected = records(shared_case("booleans/expected.csv"))
    assert seen["messages"] == [[float(row["yes"]), None] for row in expected]


def test_a_stream_keeps_the_wanted_columns_of_messages_and_says_which_are_damaged(seen: dict[str, Any]) -> None:
    predictions, reasons = ["predict", "female", "male"], ["_reject_code", "_reject_column", "_reject_value"]
    found = {kept: more for kept, *more in seen["kept_of_messages"]}
    for kept, ids in (("predictions", []), ("ids", ["kafka_offset"])):
        scored = [*ids, *predictions]
        # The last column is the partition of the batch.
        assert found[kept] == [[*scored, "dai_batch"], [*scored, *reasons, "dai_batch"], 1, "no JSON"]
    assert found["all"][2:] == [1, "no JSON"]
    assert "_malformed" not in found["all"][0] + found["all"][1]


def test_the_command_scores_files_and_says_how_on_a_cluster(
    spark: dict[str, str], release: Release, samples: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores"
    words = ["spark", "batch", "-m", str(samples / "penguins.mojo"), "--input", str(samples / "penguins-rows.csv")]
    command = [sys.executable, "-m", "dai_scoring.cli", *words, "--output", str(out), "--master", "local[1]"]
    done = subprocess.run(command, env=spark, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{out}: 348 rows scored, 0 rejected" in done.stdout
    assert pq.read_table(out).num_rows == 348

    more = [*words, "--output", f"{out}-other", "--rejected", str(out)]
    again = subprocess.run(
        [sys.executable, "-m", "dai_scoring.cli", *more, "--master", "local[1]"],
        env=spark, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (again.returncode, Path(f"{out}-other").exists()) == (2, False), again.stderr[-3000:]
    assert f"--rejected: {out} is there already" in again.stderr

    (line,) = (one for one in done.stderr.splitlines() if one.startswith("On a cluster: "))
    submit = shlex.split(line.partition(": ")[2].replace("MASTER", "'local[1]'").replace(str(out), f"{out}-again"))
    submit[0] = str(release.home() / "bin" / submit[0])
    done = subprocess.run(submit, env=spark, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert pq.read_table(f"{out}-again").num_rows == 348


def test_a_spark_that_does_not_start_is_said(spark: dict[str, str], tmp_path: Path) -> None:
    words = ["spark", "batch", "-m", "any.mojo", "--input", str(tmp_path), "--output", str(tmp_path / "scores")]
    done = subprocess.run(
        [sys.executable, "-m", "dai_scoring.cli", *words, "--master", "local[x]"],
        env=spark, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = "Spark does not start; its messages above say why. Is local[x], of --master, right, and does that cluster"
    assert (done.returncode, said in done.stderr) == (3, True), done.stderr[-3000:]
