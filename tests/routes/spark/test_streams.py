"""Streams of a real Spark that are killed with -9 and started again by the same command, and one that starts again."""

from __future__ import annotations

import json
import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.routes.spark.streaming import FOLDERS, kill_in_a_batch, run, run_all, stream, write_parts
from tests.support.brokers.kafka import Kafka, kafka
from tests.support.packages.spark import Release
from tests.support.processes import hear_ctrl_c
from tests.support.waiting import PATIENCE, until

pytestmark = pytest.mark.runtime

# Each start of Spark takes seconds.
KILLS = {"3": 2, "4": 5}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with kafka(tmp_path_factory.mktemp("kafka")) as found:
        yield found


def ids(folder: Path) -> list[int]:
    return sorted(map(int, pq.read_table(folder, columns=["id"]).column("id").to_pylist()))


def test_files_are_scored_once_though_the_stream_is_killed(
    spark: dict[str, str], samples: Path, birds: list[dict[str, str]], tmp_path: Path
) -> None:
    incoming = tmp_path / "in"
    incoming.mkdir()
    write_parts(birds, incoming)
    out = tmp_path / "scores"
    words = ["--input", str(incoming), "--output", str(out), "--once", "--files-at-once", "1"]
    command = stream(samples, tmp_path, *words)
    kill_in_a_batch(command, spark, out, 0.2, FOLDERS)
    run(command, spark)
    assert ids(out) == list(range(len(birds)))


def test_batches_are_not_replaced_by_those_of_another_stream(
    spark: dict[str, str], samples: Path, birds: list[dict[str, str]], tmp_path: Path
) -> None:
    for name, rows in (("in", birds), ("others", birds[:60])):
        (tmp_path / name).mkdir()
        write_parts(rows, tmp_path / name)
    words = ["--output", str(tmp_path / "scores"), "--once", "--input"]
    commands = [
        stream(samples, tmp_path, *words, str(tmp_path / "in"))[3:],
        stream(samples, tmp_path / "second", *words, str(tmp_path / "others"))[3:],
    ]
    (first, _), (second, said) = run_all(commands, spark, tmp_path)
    assert (first, second, "scores has batches of another stream" in said) == (0, 2, True), said
    assert ids(tmp_path / "scores") == list(range(len(birds)))


def test_scores_and_rejected_rows_that_would_replace_each_other_are_refused(
    spark: dict[str, str], samples: Path, birds: list[dict[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    write_parts(birds, tmp_path / "in")
    source, out = str(tmp_path / "in"), str(tmp_path / "scores")
    model = ["-m", str(samples / "penguins.mojo"), "--master", "local[1]"]
    topics = ["--input", "t", "--output", "t", "--output-format", "kafka", "--input-format", "kafka"]
    commands = [
        ["spark", "batch", *model, "--input", source, "--output", out, "--rejected", f"{out}/"],
        stream(samples, tmp_path, "--once", "--input", source, "--output", out, "--rejected", f"file:{out}")[3:],
        stream(samples, tmp_path, "--once", "--input", source, "--output", f"{source}/")[3:],
        stream(samples, tmp_path, "--once", *topics, "--servers", "localhost:1", "--conf", "spark.jars=")[3:],
        ["spark", "stream", *model, "--once", "--input", source, "--output", out, "--checkpoint", f"{out}_rejected"],
    ]
    done = run_all(commands, spark, tmp_path)
    options = [
        "output and --rejected",
        "output and --rejected",
        *["input and --output"] * 2,
        "rejected and --checkpoint",
    ]
    for (code, said), pair in zip(done, options, strict=True):
        assert (code, f"Error: --{pair} are both " in said) == (2, True), said
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("scores")] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_stream_without_tracebacks(
    spark: dict[str, str], samples: Path, tmp_path: Path, number: signal.Signals
) -> None:
    incoming, out, log = tmp_path / "in", tmp_path / "scores", tmp_path / "log"
    incoming.mkdir()
    (incoming / "rows.csv").write_bytes((samples / "penguins-rows.csv").read_bytes())
    command = stream(samples, tmp_path, "--input", str(incoming), "--output", str(out))
    with log.open("w") as output:
        process = subprocess.Popen(command, env=spark, stdout=output, stderr=output, preexec_fn=hear_ctrl_c)
        try:
            until((tmp_path / "checkpoint" / "commits" / "0").is_file)
            process.send_signal(number)
            assert process.wait(PATIENCE) == 128 + number
        finally:
            process.kill()
            process.wait()
    said = log.read_text()
    assert "Interrupted. Run the same command again to go on." in said
    assert "Traceback" not in said
    assert "\tat " not in said


def test_an_input_that_is_not_there_is_told_without_a_stack_trace(
    spark: dict[str, str], samples: Path, tmp_path: Path
) -> None:
    command = stream(samples, tmp_path, "--input", str(tmp_path / "absent*"), "--output", str(tmp_path / "scores"))
    done = subprocess.run(command, env=spark, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert f"Error: --input: Spark finds no file or folder {tmp_path / 'absent*'}." in done.stderr
    assert "\tat " not in done.stderr


def test_messages_of_kafka_are_scored_once_though_the_stream_is_killed_again_and_again(
    spark: dict[str, str], release: Release, broker: Kafka, samples: Path, birds: list[dict[str, str]], tmp_path: Path
) -> None:
    from tests.support.brokers.kafka.topics import new_topics

    topics = new_topics(broker.address)
    values = [json.dumps(bird).encode() for bird in birds]
    topics.send([*values[:300], b"no JSON", *values[300:], b"", None, b'["a"]'])
    out = tmp_path / "scores"
    words = ["--input-format", "kafka", "--servers", broker.address, "--input", topics.name, "--id-columns", "id"]
    words += ["--option", "maxOffsetsPerTrigger=150", "--conf", f"spark.jars={release.kafka_jars()}"]
    command = stream(samples, tmp_path, *words, "--output", str(out), "--once")
    pauses = random.Random(21)
    for _ in range(KILLS[release.version[0]]):
        kill_in_a_batch(command, spark, out, pauses.uniform(0, 0.5), FOLDERS)
    run(command, spark)
    assert ids(out) == list(range(len(birds)))
    rejected = pq.read_table(tmp_path / "scores_rejected").to_pylist()
    assert sorted(row["_reject_value"] for row in rejected) == ["", "", '["a"]', "no JSON"]
    assert {row["_reject_code"] for row in rejected} == {"malformed_row"}


def test_scores_go_to_topics_of_kafka(
    spark: dict[str, str], release: Release, broker: Kafka, samples: Path, birds: list[dict[str, str]], tmp_path: Path
) -> None:
    from tests.support.brokers.kafka.topics import new_topics

    topics = new_topics(broker.address)
    heavy = {**birds[0], "body_mass_g": "heavy"}
    topics.send([json.dumps(bird).encode() for bird in (*birds[:5], heavy)], [f"k{n}".encode() for n in range(6)])
    words = ["--input-format", "kafka", "--servers", broker.address, "--input", topics.name, "--output-format", "kafka"]
    words += ["--output", topics.output, "--rejected", topics.rejected, "--conf", f"spark.jars={release.kafka_jars()}"]
    run(stream(samples, tmp_path, *words, "--id-columns", "id", "--once"), spark)
    scored = {one.key(): json.loads(one.value()) for one in topics.read(topics.output)}
    assert {key: row["id"] for key, row in scored.items()} == {f"k{n}".encode(): str(n) for n in range(5)}
    assert all(row["predict"] in ("male", "female") for row in scored.values())
    (refused,) = topics.read(topics.rejected)
    assert refused.key() == b"k5"
    assert json.loads(refused.value())["_reject_value"] == "heavy"


def test_a_query_that_fails_starts_again(
    spark: dict[str, str], samples: Path, birds: list[dict[str, str]], tmp_path: Path
) -> None:
    incoming = tmp_path / "in"
    incoming.mkdir()
    lines = [json.dumps(bird) for bird in birds[:50]]
    (incoming / "a.json").write_text("\n".join(lines) + "\n")
    out = tmp_path / "scores"

    # Spark cannot make a folder where there is a file.
    blocked = tmp_path / "scores_rejected"
    blocked.write_text("")
    command = stream(samples, tmp_path, "--input", str(incoming), "--input-format", "json", "--output", str(out))
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen([*command, "--once"], env=spark, stdout=output, stderr=output)
        try:
            until(lambda: "Starting again in 2 s" in log.read_text())
            blocked.unlink()
            assert process.wait(PATIENCE) == 0, log.read_text()[-3000:]
        finally:
            process.kill()
            process.wait()
    assert ids(out) == list(range(50))
