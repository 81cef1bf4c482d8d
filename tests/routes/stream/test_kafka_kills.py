"""Workers of Kafka that are killed, and a broker that is: every message once, those of a partition in order."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from dai_routes.stream.errors import StalledError, UnreachableError
from tests.support.brokers.kafka import Kafka, kafka
from tests.support.brokers.kafka.topics import Topics, new_topics
from tests.support.brokers.records import is_golden, mixed
from tests.support.brokers.worker import run, working
from tests.support.waiting import until

pytestmark = pytest.mark.runtime

COUNT = 8_000
KILLS = 3
# What a worker that was killed has left open ends soon, for others.
SHORT = {"DAI_KAFKA_TRANSACTION_TIMEOUT_MS": "10000", "DAI_KAFKA_SESSION_TIMEOUT_MS": "6000"}


def words(titanic: Path, topics: Topics) -> list[object]:
    return [*topics.arguments, "--model", titanic, "--accept-h2o-licence"]


def check(topics: Topics, count: int) -> None:
    """Every id once, in the output or among the rejected, and in order within its partition."""
    # What comes after the open transaction of a worker that was killed can be read once the broker has ended that one.
    until(lambda: len(topics.read(topics.output)) + len(topics.read(topics.rejected)) >= count)
    scored, rejected = topics.read(topics.output), topics.read(topics.rejected)
    bad = [json.loads(json.loads(one.value())["message"])["id"] for one in rejected]
    good = [json.loads(one.value())["id"] for one in scored]
    assert sorted(bad) == [at for at in range(count) if at % 100 == 50]
    assert sorted(good) == [at for at in range(count) if at % 100 != 50]
    assert all(is_golden(one.value()) for one in scored)
    for partition in range(4):
        own = [json.loads(one.value())["id"] for one in scored if one.partition() == partition]
        assert own == sorted(own)


def scored(topics: Topics) -> int:
    return len(topics.read(topics.output, committed=False))


def test_workers_are_killed(titanic: Path, broker: Kafka, tmp_path: Path) -> None:
    topics = new_topics(broker.address)
    topics.send(mixed(COUNT), [b"%d" % (at % 50) for at in range(COUNT)])
    for number in range(KILLS):
        # Small batches, so that there are many places to be killed at.
        with working(
            tmp_path, *words(titanic, topics), "--worker-id", "one", "--max-batch", 100, environment=SHORT
        ) as worker:
            until(lambda wanted=(number + 1) * 1000: scored(topics) > wanted)
            assert worker.end(signal.SIGKILL) == -signal.SIGKILL
    # Another one, whose name is new, takes over while the last one's transaction is open.
    done = run(*words(titanic, topics), "--worker-id", "two", "--drain", environment=SHORT)
    assert done.returncode == 0, done.stderr
    check(topics, COUNT)


def test_workers_share_the_partitions_and_one_is_killed(titanic: Path, broker: Kafka, tmp_path: Path) -> None:
    topics = new_topics(broker.address)
    topics.send(mixed(COUNT), [b"%d" % (at % 50) for at in range(COUNT)])
    (tmp_path / "second").mkdir()
    arguments = [*words(titanic, topics), "--max-batch", 50]
    with (
        working(tmp_path, *arguments, "--worker-id", "one", environment=SHORT) as one,
        working(tmp_path / "second", *arguments, "--worker-id", "two", environment=SHORT) as two,
    ):
        until(lambda: scored(topics) > 1000)
        one.end(signal.SIGKILL)
        until(lambda: scored(topics) > 2500)
        assert two.end() == 0
    done = run(*words(titanic, topics), "--worker-id", "one", "--drain")
    assert done.returncode == 0, done.stderr
    check(topics, COUNT)


def test_draining_waits_for_the_partitions_of_another_worker_that_was_killed(
    titanic: Path, broker: Kafka, tmp_path: Path
) -> None:
    topics = new_topics(broker.address)
    (tmp_path / "second").mkdir()
    arguments = [*words(titanic, topics), "--max-batch", 1, "--metrics-port", 0]
    with (
        working(tmp_path, *arguments, "--worker-id", "one", environment=SHORT) as one,
        working(tmp_path / "second", *arguments, "--worker-id", "two", environment=SHORT) as two,
    ):
        # Both have joined before there is a message.
        topics.send(mixed(COUNT), [b"%d" % (at % 50) for at in range(COUNT)])
        until(lambda: one.scored() and two.scored())
        two.end(signal.SIGKILL)
        one.end(signal.SIGKILL)
    # It has its own partitions at once, and the other's when that one's session has ended.
    done = run(*words(titanic, topics), "--worker-id", "one", "--drain", environment=SHORT)
    assert done.returncode == 0, done.stderr
    check(topics, COUNT)


def test_a_worker_that_stood_still_publishes_nothing_twice(titanic: Path, broker: Kafka, tmp_path: Path) -> None:
    topics = new_topics(broker.address)
    topics.send(mixed(COUNT), [b"%d" % (at % 50) for at in range(COUNT)])
    arguments = words(titanic, topics)
    with working(tmp_path, *arguments, "--worker-id", "one", "--max-batch", 50, environment=SHORT) as one:
        until(lambda: scored(topics) > 500)
        one.process.send_signal(signal.SIGSTOP)
        # Another one takes its partitions, and all that waits in them.
        done = run(*arguments, "--worker-id", "two", "--drain", environment=SHORT)
        assert done.returncode == 0, done.stderr
        one.process.send_signal(signal.SIGCONT)
        # It has a batch that it scored long ago. What it says of a transaction that the broker has ended is its matter.
        one.end()
    check(topics, COUNT)


def test_a_signal_ends_the_wait_for_a_broker_that_has_gone(titanic: Path, broker: Kafka, tmp_path: Path) -> None:
    topics = new_topics(broker.address)
    topics.send(mixed(COUNT), [b"%d" % (at % 50) for at in range(COUNT)])
    with working(tmp_path, *words(titanic, topics), "--worker-id", "one", "--max-batch", 10) as worker:
        until(lambda: scored(topics) > 100)
        broker.end()
        assert worker.end_while_it_connects(int(broker.address.rpartition(":")[2])) == 143
    broker.start()
    done = run(*words(titanic, topics), "--worker-id", "one", "--drain")
    assert done.returncode == 0, done.stderr
    check(topics, COUNT)


def test_the_broker_is_killed(titanic: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    folder.mkdir()
    with kafka(folder) as broker:
        topics = new_topics(broker.address)
        topics.send(mixed(COUNT), [b"%d" % (at % 50) for at in range(COUNT)])
        # The client may hang in a transaction that the broker has lost: then the watchdog ends the worker.
        arguments = [*words(titanic, topics), "--worker-id", "one", "--stall-timeout", 15]
        with working(tmp_path, *arguments, "--max-batch", 50) as worker:
            until(lambda: scored(topics) > 1000)
            broker.end()
            time.sleep(1)
            broker.start()
            until(lambda: worker.process.poll() is not None or scored(topics) >= COUNT - COUNT // 100)
            if worker.process.poll() is None:
                assert worker.end() == 0
        codes = [0]
        while codes[-1] in (0, UnreachableError.exit_code, StalledError.exit_code) and len(codes) < 5:
            codes.append(run(*arguments, "--drain").returncode)
            if codes[-1] == 0:
                break
        assert codes[-1] == 0, codes
        check(topics, COUNT)
