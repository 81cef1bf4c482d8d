"""The brokers that are measured: how each gets its messages, and what its worker is called with."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.brokers.activemq import ActiveMQ, activemq
from tests.support.brokers.kafka import Kafka, kafka
from tests.support.brokers.kafka.topics import Topics, new_topics
from tests.support.brokers.rabbitmq_server import RabbitServer, rabbitmq_server
from tests.support.brokers.redis_server import Redis, redis_server


class Target(ABC):
    """A broker that runs. ``address`` is that of the empty consumer."""

    name: str
    count: int
    """How many messages are sent each time."""
    address: str

    @abstractmethod
    def send(self, messages: Sequence[bytes]) -> str:
        """Send messages to a new place; its name. The places for results have -scored and -rejected behind it."""

    @property
    def arguments(self) -> list[str]:
        """The worker's words for the address."""
        return ["--url", self.address]

    @property
    def environment(self) -> dict[str, str]:
        """The worker's variables."""
        return {}


class KafkaTarget(Target):
    name, count = "kafka", 100_000

    def __init__(self, broker: Kafka) -> None:
        self.address = broker.address

    def send(self, messages: Sequence[bytes]) -> str:
        topics: Topics = new_topics(self.address)
        topics.send(messages, [b"%d" % (at % 100) for at in range(len(messages))])
        return topics.name

    @property
    def arguments(self) -> list[str]:
        return ["--servers", self.address, "--group", uuid.uuid4().hex]


class RedisTarget(Target):
    name, count = "redis", 30_000

    def __init__(self, server: Redis) -> None:
        self.address = server.url
        self._client = server.client

    def send(self, messages: Sequence[bytes]) -> str:
        name = uuid.uuid4().hex[:8]
        pipeline = self._client.pipeline(transaction=False)
        for one in messages:
            pipeline.xadd(name, {"value": one})
        pipeline.execute()
        return name


class RabbitTarget(Target):
    name, count = "rabbitmq", 10_000

    def __init__(self, server: RabbitServer) -> None:
        self.address = server.url
        self._connection = server.connection()

    def send(self, messages: Sequence[bytes]) -> str:
        import pika

        name = uuid.uuid4().hex[:8]
        channel = self._connection.channel()
        for end in ("", "-scored", "-rejected"):
            channel.queue_declare(name + end, durable=True)
        channel.tx_select()
        for one in messages:
            channel.basic_publish("", name, one, pika.BasicProperties(delivery_mode=2))
        channel.tx_commit()
        channel.close()
        return name

    @property
    def arguments(self) -> list[str]:
        return []

    @property
    def environment(self) -> dict[str, str]:
        return {"DAI_RABBITMQ_URL": self.address}


class ActiveTarget(Target):
    name, count = "activemq", 10_000

    def __init__(self, broker: ActiveMQ) -> None:
        self.address = broker.url
        self._port = broker.port

    def send(self, messages: Sequence[bytes]) -> str:
        import stomp

        name = uuid.uuid4().hex[:8]
        connection = stomp.Connection12([("127.0.0.1", self._port)], auto_content_length=False)
        connection.connect(wait=True)
        connection.begin("all")
        for one in messages:
            connection.send(f"/queue/{name}", one, headers={"persistent": "true"}, transaction="all")
        connection.commit("all")
        connection.disconnect()
        return name


@contextmanager
def running(name: str, folder: Path) -> Iterator[Target]:
    """The target of that name, with its broker."""
    if name == "kafka":
        with kafka(folder) as broker:
            yield KafkaTarget(broker)
    elif name == "redis":
        with redis_server(folder) as server:
            yield RedisTarget(server)
    elif name == "rabbitmq":
        with rabbitmq_server(folder) as rabbit:
            yield RabbitTarget(rabbit)
    else:
        with activemq(folder) as active:
            yield ActiveTarget(active)
