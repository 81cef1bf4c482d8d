"""``dai-score stream kafka``: topics that stop a worker, and topics that change while it runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from tests.support.brokers.kafka import Kafka
from tests.support.brokers.kafka.topics import Topics, new_topics
from tests.support.brokers.records import message
from tests.support.brokers.worker import run, working
from tests.support.waiting import PATIENCE, until

pytestmark = pytest.mark.runtime

# A worker hears of changes soon.
SOON = {"DAI_KAFKA_TOPIC_METADATA_REFRESH_INTERVAL_MS": "500"}


def words(model: Path, topics: Topics) -> list[object]:
    return [*topics.arguments, "--model", model, "--accept-h2o-licence"]


def ids(topics: Topics) -> list[int]:
    return sorted(json.loads(one.value())["id"] for one in topics.read(topics.output))


@pytest.mark.parametrize("more", [(), ("--at-least-once",)])
def test_a_message_without_a_key_does_not_stop_a_compacted_output(
    titanic: Path, broker: Kafka, more: tuple[str, ...]
) -> None:
    topics = new_topics(broker.address, output_is_compacted=True)
    topics.send([message(at) for at in range(100)], [None if at == 50 else b"%d" % at for at in range(100)])
    done = run(*words(titanic, topics), *more, "--drain")
    assert (done.returncode, "99 messages scored, 1 rejected" in done.stdout) == (0, True), (done.stdout, done.stderr)
    found = ids(topics)
    assert set(found) == set(range(100)) - {50}
    assert more or len(found) == 99
    (rejected,) = topics.read(topics.rejected)
    assert json.loads(rejected.value())["code"] == "no_key"


def test_partitions_that_are_added_stop_nothing(titanic: Path, broker: Kafka, tmp_path: Path) -> None:
    topics = new_topics(broker.address, partitions=2)
    admin = AdminClient({"bootstrap.servers": broker.address})
    with working(tmp_path, *words(titanic, topics), "--worker-id", "one", environment=SOON) as worker:
        topics.send([message(at) for at in range(20)], [b"%d" % at for at in range(20)])
        until(lambda: len(ids(topics)) == 20)
        # First only those of the input, then those of the output too.
        for number, topic in enumerate((topics.name, topics.output), 1):
            admin.create_partitions([NewPartitions(topic, 8)])[topic].result(PATIENCE)
            topics.send([message(number * 20 + at) for at in range(20)], [b"%d" % at for at in range(20)])
            until(lambda wanted=(number + 1) * 20: len(ids(topics)) == wanted or worker.process.poll() is not None)
        assert worker.process.poll() is None, worker.log.read_text()
        assert worker.end() == 0
    assert ids(topics) == list(range(60))
    assert len({one.partition() for one in topics.read(topics.name)}) > 2


def test_a_batch_that_takes_too_long_comes_again_in_smaller_parts(pipeline: Path, broker: Kafka) -> None:
    row = {"species": "Adelie", "bill_length_mm": 39.5, "bill_depth_mm": 17.4}
    row |= {"flipper_length_mm": 186.0, "body_mass_g": 3800}
    topics = new_topics(broker.address, partitions=1)
    topics.send([json.dumps({"id": at, "island": f"TRAP slow {at}", **row}).encode() for at in range(200)])
    # All of them together take 20 s. A worker that scores for longer than this loses its partitions.
    haste = {"DAI_KAFKA_MAX_POLL_INTERVAL_MS": "10000", "DAI_KAFKA_SESSION_TIMEOUT_MS": "10000"}
    more = ["--python-command", sys.executable, "--max-batch", 200, "--drain"]
    done = run(*words(pipeline, topics), *more, environment=haste)
    assert done.returncode == 0, done.stderr
    assert ids(topics) == list(range(200))
