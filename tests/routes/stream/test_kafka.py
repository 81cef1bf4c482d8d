"""``dai-score stream kafka`` with a real broker."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.brokers.kafka import Kafka
from tests.support.brokers.kafka.topics import Topics, new_topics
from tests.support.brokers.records import COLUMNS, is_golden, message, mixed
from tests.support.brokers.worker import run, working
from tests.support.waiting import PATIENCE, until

pytestmark = pytest.mark.runtime


@pytest.fixture
def topics(broker: Kafka) -> Topics:
    return new_topics(broker.address)


def drained(model: Path, topics: Topics, *more: object, environment: dict[str, str] | None = None) -> str:
    done = run(*topics.arguments, "--model", model, "--accept-h2o-licence", "--drain", *more, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _json(one: Any) -> Any:
    return json.loads(one.value())


def ids(messages: Sequence[Any]) -> list[int]:
    return [json.loads(one.value())["id"] for one in messages]


@pytest.mark.parametrize("more", [(), ("--at-least-once",)])
def test_messages_are_scored_in_order_with_key_and_headers(
    titanic: Path, topics: Topics, more: tuple[str, ...]
) -> None:
    given = mixed(3000)
    keys = [b"key-%d" % (at % 7) for at in range(len(given))]
    topics.send(given, keys, headers=[("trace", b"\x00\xff"), ("trace", b"2")])
    said = drained(titanic, topics, "--worker-id", "one", *more)
    assert "2,970 messages scored, 30 rejected" in said
    scored = topics.read(topics.output)
    assert sorted(ids(scored)) == [at for at in range(3000) if at % 100 != 50]
    assert all(is_golden(one.value()) for one in scored)
    assert {tuple(one.headers()) for one in scored} == {(("trace", b"\x00\xff"), ("trace", b"2"))}
    assert all(one.key() == keys[json.loads(one.value())["id"]] for one in scored)
    for partition in range(4):
        own = ids([one for one in scored if one.partition() == partition])
        assert own == sorted(own)
    where = {(one.key(), one.partition()) for one in topics.read(topics.name)}
    assert {(one.key(), one.partition()) for one in scored} == where


def test_rejected_messages_say_why_and_where_they_came_from(titanic: Path, topics: Topics) -> None:
    topics.send([message(1), message(2, age="old")], [b"k", b"k"], headers=[("trace", b"1")])
    drained(titanic, topics)
    (rejected,) = topics.read(topics.rejected)
    source = next(one for one in topics.read(topics.name) if b'"old"' in one.value())
    assert json.loads(rejected.value()) == {
        "code": "not_a_number",
        "column": "age",
        "value": "old",
        "reason": None,
        "topic": topics.name,
        "partition": source.partition(),
        "offset": source.offset(),
        "message": source.value().decode(),
    }
    assert rejected.key() == b"k"
    assert dict(rejected.headers()) == {
        "trace": b"1",
        "dai-reject-code": b"not_a_number",
        "dai-reject-column": b"age",
        "dai-reject-topic": topics.name.encode(),
        "dai-reject-partition": str(source.partition()).encode(),
        "dai-reject-offset": str(source.offset()).encode(),
    }


def test_odd_messages_stop_nothing(titanic: Path, topics: Topics) -> None:
    large = message(2, text="y" * 10_000_000)
    odd = [None, b"", b"not JSON", b"[" + message(1) + b"]", b"\xff\x00", b"{" * 10_000_000, large]
    topics.send([message(0), *odd, message(3)], [b"k"] * 9)
    assert "2 messages scored, 7 rejected" in drained(titanic, topics)
    assert ids(topics.read(topics.output)) == [0, 3]
    rejected = [json.loads(one.value()) for one in topics.read(topics.rejected)]
    # A large message may be rejected in a transaction of its own.
    rejected.sort(key=lambda one: one["offset"])
    assert [one["code"] for one in rejected] == ["no_record"] * 2 + ["malformed_row"] * 4 + ["too_large"]
    assert [one.get("message", "") for one in rejected[:4]] == [None, "", "not JSON", odd[3].decode()]  # type: ignore[union-attr]
    assert rejected[4]["message_base64"] == "/wA="
    assert [one["message_bytes"] for one in rejected[5:]] == [10_000_000, len(large)]


def test_large_messages_are_scored_if_the_client_may(titanic: Path, broker: Kafka) -> None:
    topics = new_topics(broker.address)
    topics.send([message(2, text="y" * 900_000)])
    drained(titanic, topics, environment={"DAI_KAFKA_MESSAGE_MAX_BYTES": "1000000"})
    assert ids(topics.read(topics.output)) == [2]


@pytest.mark.parametrize("more", [(), ("--at-least-once",)])
def test_a_topic_that_takes_less_than_the_client_stops_nothing(
    titanic: Path, broker: Kafka, more: tuple[str, ...]
) -> None:
    topics = new_topics(broker.address, partitions=2, output_bytes=100_000)
    large = [message(1000, text="y" * 500_000), message(1001, age="y" * 500_000), message(1002, text="y" * 80_000)]
    # The client would send some hundreds of them together, which is more than the topic takes.
    given = [*map(message, range(1000)), *large, message(1003)]
    topics.send(given, [b"%d" % (at % 7) for at in range(len(given))])
    said = drained(titanic, topics, *more, environment={"DAI_KAFKA_MESSAGE_MAX_BYTES": "20000000"})
    assert "1,002 messages scored, 2 rejected" in said
    scored = ids(topics.read(topics.output))
    assert sorted(set(scored)) == [*range(1000), 1002, 1003]
    # Without transactions, those that were sent with a large one come twice.
    assert more or len(scored) == len(set(scored))
    rejected = {one["message_bytes"]: one["code"] for one in map(_json, topics.read(topics.rejected))}
    assert rejected == {len(large[0]): "too_large", len(large[1]): "not_a_number"}


def test_more_partitions_in_the_output_keep_the_order_of_keys(titanic: Path, broker: Kafka) -> None:
    topics = new_topics(broker.address, partitions=2, output_partitions=5)
    topics.send([message(at) for at in range(500)], [b"%d" % (at % 11) for at in range(500)])
    drained(titanic, topics)
    scored = topics.read(topics.output)
    assert sorted(ids(scored)) == list(range(500))
    for key in range(11):
        own = ids([one for one in scored if one.key() == b"%d" % key])
        assert own == sorted(own)


def test_lines_of_csv(titanic: Path, topics: Topics) -> None:
    topics.send([b"3,male,22,A1,7.25,C1", b"3,male,old,A1,7.25,C1", b"3"], [b"k"] * 3)
    drained(titanic, topics, "--format", "csv", "--csv-columns", COLUMNS)
    (scored,) = topics.read(topics.output)
    assert is_golden(scored.value())
    codes = [json.loads(one.value())["code"] for one in topics.read(topics.rejected)]
    assert codes == ["not_a_number", "malformed_row"]
    twice = run(*topics.arguments, "--model", titanic, "--format", "csv", "--csv-columns", "age,sex,age")
    assert (twice.returncode, "--csv-columns has age more than once" in twice.stderr) == (2, True), twice.stderr


def test_a_worker_drains_after_sigterm_and_another_goes_on(titanic: Path, topics: Topics, tmp_path: Path) -> None:
    arguments = [*topics.arguments, "--model", titanic, "--accept-h2o-licence"]
    topics.send(mixed(500))
    with working(tmp_path, *arguments, "--metrics-port", "0") as worker:
        address = worker.first.split()[2].rpartition("/")[0]
        until(lambda: worker.scored() == 495)
        # The last batch may have no other message.
        until(lambda: 'dai_stream_messages_rejected_total{code="not_a_number"} 5\n' in worker.metrics())
        assert urllib.request.urlopen(f"{address}/readyz", timeout=PATIENCE).read() == b"ready\n"
        assert worker.end() == 0
    topics.send([message(500 + at) for at in range(10)])
    drained(titanic, topics)
    expected = [at for at in range(510) if at >= 500 or at % 100 != 50]
    assert sorted(ids(topics.read(topics.output))) == expected
