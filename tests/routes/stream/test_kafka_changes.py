"""``dai-score stream kafka``: topics that stop a worker, and topics that change while it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.brokers.kafka import Kafka
from tests.support.brokers.kafka.topics import Topics, new_topics
from tests.support.brokers.records import message
from tests.support.brokers.worker import run

pytestmark = pytest.mark.runtime


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
