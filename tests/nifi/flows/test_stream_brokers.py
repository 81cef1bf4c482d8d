"""The stream flows in an official NiFi, between places of real brokers.

No registry has NiFi's processors for brokers, so these tests run only where the environment names a NiFi and a broker,
both empty and for tests alone:

======================= ===============================================================================================
DAI_OFFICIAL_NIFI       the URL of an official NiFi without login, such as http://127.0.0.1:8080
DAI_TEST_KAFKA          HOST:PORT of a Kafka that makes topics by itself
DAI_TEST_RABBITMQ       HOST:PORT of a RabbitMQ with the user guest
DAI_TEST_ACTIVEMQ       HOST of an ActiveMQ Classic without login, with the ports 61616 (its own) and 61613 (STOMP)
DAI_TEST_JMS_LIBRARY    the folder with its client's jars, on NiFi's machine
======================= ===============================================================================================
"""

from __future__ import annotations

import json
import os
import queue
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.undeploy import undeploy
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.project import quiet
from tests.support.waiting import until

pytestmark = pytest.mark.nifi


def named(variable: str) -> str:
    """What the environment names; skips the test where it does not."""
    found = os.environ.get(variable)
    if not found:
        pytest.skip(f"{variable} is not set: this test needs an official NiFi and a real broker")
    return found


@dataclass(frozen=True)
class Received:
    """A message of a broker, with what identifies it there: the key, or the id."""

    contents: bytes
    identity: str
    headers: Mapping[str, str]


class Broker(Protocol):
    """A broker with places for rows, scores and rejected messages."""

    flow: str
    parameters: Mapping[str, str]
    reason: str
    """The header with the code of a rejected message."""

    def send(self, contents: bytes, identity: str, headers: Mapping[str, str]) -> None: ...

    def receive(self, place: str) -> Received | None: ...

    def close(self) -> None: ...


class Kafka:
    flow = "stream-kafka"
    reason = "dai-reject-code"

    def __init__(self, places: Mapping[str, str]) -> None:
        servers = named("DAI_TEST_KAFKA")
        self._client = pytest.importorskip("confluent_kafka", reason="confluent-kafka is not installed")
        self._places = places
        self.parameters = {
            "kafka.servers": servers,
            "kafka.group": places["rows"],
            "source.topic": places["rows"],
            "target.topic": places["scores"],
            "rejected.topic": places["rejected"],
        }
        self._producer = self._client.Producer({"bootstrap.servers": servers})
        self._consumers: dict[str, Any] = {}

    def send(self, contents: bytes, identity: str, headers: Mapping[str, str]) -> None:
        self._producer.produce(self._places["rows"], contents, identity, headers=dict(headers))
        assert self._producer.flush(30) == 0

    def receive(self, place: str) -> Received | None:
        if place not in self._consumers:
            settings = {
                "bootstrap.servers": self.parameters["kafka.servers"],
                "group.id": f"reader of {self._places[place]}",
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "allow.auto.create.topics": True,
            }
            self._consumers[place] = self._client.Consumer(settings)
            self._consumers[place].subscribe([self._places[place]])
        found = self._consumers[place].poll(1)
        if found is None or found.error():
            return None
        headers = {name: value.decode() for name, value in found.headers() or ()}
        return Received(found.value(), found.key().decode(), headers)

    def close(self) -> None:
        for one in self._consumers.values():
            one.close()


class RabbitMQ:
    flow = "stream-rabbitmq"
    reason = "dai-reject-code"

    def __init__(self, places: Mapping[str, str]) -> None:
        address = named("DAI_TEST_RABBITMQ")
        self._client = pytest.importorskip("pika", reason="pika is not installed")
        self._places = places
        self.parameters = {"rabbitmq.brokers": address, "rabbitmq.user": "guest", **_queues(places)}
        host, _, port = address.partition(":")
        self._connection = self._client.BlockingConnection(self._client.ConnectionParameters(host, int(port)))
        self._channel = self._connection.channel()
        for name in places.values():
            self._channel.queue_declare(name, durable=True)

    def send(self, contents: bytes, identity: str, headers: Mapping[str, str]) -> None:
        properties = self._client.BasicProperties(message_id=identity, headers=dict(headers), delivery_mode=2)
        self._channel.basic_publish("", self._places["rows"], contents, properties)

    def receive(self, place: str) -> Received | None:
        method, properties, contents = self._channel.basic_get(self._places[place], auto_ack=True)
        return None if method is None else Received(contents, properties.message_id, properties.headers or {})

    def close(self) -> None:
        for name in self._places.values():
            self._channel.queue_delete(name)
        self._connection.close()


class ActiveMQ:
    flow = "stream-activemq"
    reason = "dai_reject_code"

    def __init__(self, places: Mapping[str, str]) -> None:
        host = named("DAI_TEST_ACTIVEMQ")
        library = named("DAI_TEST_JMS_LIBRARY")
        stomp = pytest.importorskip("stomp", reason="stomp.py is not installed")
        self._places = places
        self.parameters = {
            "jms.broker": f"tcp://{host}:61616",
            "jms.client.library": library,
            **_queues(places),
        }
        self._received: dict[str, queue.SimpleQueue[Received]] = {one: queue.SimpleQueue() for one in places}
        by_name = {f"/queue/{name}": self._received[place] for place, name in places.items()}

        class Listener(stomp.ConnectionListener):  # type: ignore[misc,name-defined]
            def on_message(self, frame: Any) -> None:
                found = Received(frame.body.encode(), frame.headers.get("correlation-id", ""), frame.headers)
                by_name[frame.headers["destination"]].put(found)

        self._connection = stomp.Connection([(host, 61613)])
        self._connection.set_listener("", Listener())
        self._connection.connect(wait=True)
        for number, place in enumerate(("scores", "rejected")):
            self._connection.subscribe(f"/queue/{places[place]}", number)

    def send(self, contents: bytes, identity: str, headers: Mapping[str, str]) -> None:
        given = {**headers, "correlation-id": identity, "persistent": "true"}
        self._connection.send(f"/queue/{self._places['rows']}", contents.decode(), headers=given)

    def receive(self, place: str) -> Received | None:
        try:
            return self._received[place].get(timeout=1)
        except queue.Empty:
            return None

    def close(self) -> None:
        self._connection.disconnect()


def _queues(places: Mapping[str, str]) -> dict[str, str]:
    return {
        "source.queue": places["rows"],
        "target.queue": places["scores"],
        "rejected.queue": places["rejected"],
    }


@pytest.fixture(params=[Kafka, RabbitMQ, ActiveMQ])
def broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    named("DAI_OFFICIAL_NIFI")
    run = uuid.uuid4().hex[:8]
    made: Broker = request.param({one: f"dai.{one}.{run}" for one in ("rows", "scores", "rejected")})
    # RabbitMQ's, which has this password for the user guest.
    monkeypatch.setenv("RABBITMQ_PASSWORD", "guest")
    yield made
    made.close()


def test_each_message_comes_out_once_scored_or_rejected(broker: Broker, titanic: Path, java_nar: Path) -> None:
    connect(named("DAI_OFFICIAL_NIFI"))
    install(java_nar, quiet)
    name = f"{broker.flow}-{uuid.uuid4().hex[:8]}"
    deploy(Request(broker.flow, titanic, name=name, parameters=broker.parameters))
    try:
        bad = {10, 31}
        for number in range(50):
            row = {**GOLDEN_ROW, "age": "twenty" if number in bad else GOLDEN_ROW["age"]}
            broker.send(json.dumps(row).encode(), f"message-{number}", {"trace": f"trace {number}"})
        broker.send(b"{not JSON", "message-50", {"trace": "trace 50"})
        found: dict[str, list[Received]] = {"scores": [], "rejected": []}

        def all_came() -> bool:
            for place, messages in found.items():
                while (message := broker.receive(place)) is not None:
                    messages.append(message)
            return sum(map(len, found.values())) >= 51

        until(all_came, 120)
        scores, rejected = found["scores"], found["rejected"]
        good = [number for number in range(50) if number not in bad]
        # One partition has all of a key, and each key is there once: so only queues have an order here.
        came = [one.identity for one in scores]
        assert sorted(came) == sorted(f"message-{number}" for number in good)
        assert broker.flow == "stream-kafka" or came == [f"message-{number}" for number in good]
        for one in scores:
            row = json.loads(one.contents)
            assert (row["survived.0"], row["survived.1"]) == GOLDEN_SCORE
            assert one.headers["trace"] == one.identity.replace("message-", "trace ")
        assert {one.identity: one.headers[broker.reason] for one in rejected} == {
            "message-10": "not_a_number",
            "message-31": "not_a_number",
            "message-50": "unknown_format",
        }
        assert next(one.contents for one in rejected if one.identity == "message-50") == b"{not JSON"
    finally:
        undeploy(name, force=True)
