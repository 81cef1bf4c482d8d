"""Tables of Delta Lake as the target of a stream that is killed with -9, and of a batch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.routes.spark.streaming import kill_in_a_batch, run, stream, write_parts
from tests.support.packages.spark import Release

pytestmark = pytest.mark.runtime

LOG = "_delta_log/*.json"
DELTA = ("--output-format", "delta")


@pytest.fixture
def delta(release: Release) -> list[str]:
    # Delta looks for its files in 50 tasks, unless it is told that there are few.
    settings = {"spark.jars": release.delta_jars(), "spark.databricks.delta.snapshotPartitions": "1"}
    settings |= {"spark.sql.shuffle.partitions": "2", "spark.ui.enabled": "false"}
    return [*DELTA, *(word for name, value in settings.items() for word in ("--conf", f"{name}={value}"))]


def rows_of(table: Path) -> list[dict[str, Any]]:
    """The rows of the files that the table's own log has. Files of a killed batch are not in it."""
    actions = [json.loads(line) for log in sorted(table.glob(LOG)) for line in log.read_text().splitlines()]
    assert not any("remove" in action for action in actions)
    files = [table / action["add"]["path"] for action in actions if "add" in action]
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def ids(table: Path) -> list[int]:
    return sorted(int(row["id"]) for row in rows_of(table))


def test_rows_are_in_the_tables_once_though_the_stream_is_killed(
    spark: dict[str, str], samples: Path, birds: list[dict[str, str]], tmp_path: Path, delta: list[str]
) -> None:
    incoming, out = tmp_path / "in", tmp_path / "scores"
    incoming.mkdir()
    heavy = [{**bird, "body_mass_g": "heavy"} if number % 7 == 0 else bird for number, bird in enumerate(birds)]
    write_parts(heavy, incoming)
    command = stream(samples, tmp_path, "--input", str(incoming), "--output", str(out), "--once", *delta)
    command += ["--files-at-once", "2"]
    kill_in_a_batch(command, spark, out, 0.1, LOG)
    run(command, spark)
    # As if it were killed after the last batch was written, and before Spark knew.
    commits = tmp_path / "checkpoint" / "commits"
    last = max(int(one.name) for one in commits.iterdir() if one.name.isdigit())
    (commits / str(last)).unlink()
    (commits / f".{last}.crc").unlink(missing_ok=True)
    run(command, spark)
    assert (commits / str(last)).is_file()
    rejected = tmp_path / "scores_rejected"
    assert ids(out) == [number for number in range(len(birds)) if number % 7]
    assert ids(rejected) == list(range(0, len(birds), 7))
    assert {row["_reject_column"] for row in rows_of(rejected)} == {"body_mass_g"}


def batch(samples: Path, words: Sequence[str]) -> list[str]:
    command = [sys.executable, "-m", "dai_scoring.cli", "spark", "batch", "-m", str(samples / "penguins.mojo")]
    return [*command, "--input", str(samples / "penguins-rows.csv"), "--master", "local[1]", *words]


def test_a_batch_is_written_to_a_table(spark: dict[str, str], samples: Path, tmp_path: Path, delta: list[str]) -> None:
    run(batch(samples, ["--output", str(tmp_path / "scores"), *delta]), spark)
    assert len(rows_of(tmp_path / "scores")) == 348
    assert rows_of(tmp_path / "scores_rejected") == []


def test_a_table_is_read_as_a_stream(
    spark: dict[str, str], samples: Path, birds: list[dict[str, str]], tmp_path: Path, delta: list[str]
) -> None:
    make_table(tmp_path / "birds", birds[:100])
    words = [
        "--input",
        str(tmp_path / "birds"),
        "--input-format",
        "delta",
        "--output",
        str(tmp_path / "scores"),
        *delta,
    ]
    run(stream(samples, tmp_path, *words, "--once"), spark)
    assert ids(tmp_path / "scores") == list(range(100))


def make_table(folder: Path, rows: list[dict[str, str]]) -> None:
    """A table of Delta Lake with one file, whose columns are text."""
    (folder / "_delta_log").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet")
    fields = [{"name": name, "type": "string", "nullable": True, "metadata": {}} for name in rows[0]]
    about = {"id": "birds", "format": {"provider": "parquet", "options": {}}, "partitionColumns": []}
    about |= {"schemaString": json.dumps({"type": "struct", "fields": fields}), "configuration": {}}
    file = {"path": "rows.parquet", "size": (folder / "rows.parquet").stat().st_size, "partitionValues": {}}
    actions = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": about},
        {"add": {**file, "modificationTime": 0, "dataChange": True}},
    ]
    lines = [json.dumps(action) for action in actions]
    (folder / "_delta_log" / f"{0:020}.json").write_text("\n".join(lines) + "\n")


def test_a_spark_without_delta_is_told_what_it_needs(
    spark: dict[str, str], samples: Path, tmp_path: Path, release: Release
) -> None:
    command = batch(samples, ["--output", str(tmp_path / "scores"), *DELTA, "--conf", "spark.jars="])
    done = subprocess.run(command, env=spark, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "Error: This Spark has no Delta Lake. Start it with --packages io.delta:delta-spark_" in done.stderr
    assert "\tat " not in done.stderr
