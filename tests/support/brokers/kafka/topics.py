"""Topics of a test's Kafka: made, filled and read."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from tests.support.waiting import PATIENCE


@dataclass(frozen=True)
class Topics:
    """An input, an output and the topic of rejected messages, new for each test."""

    address: str
    name: str

    @property
    def output(self) -> str:
        return f"{self.name}-scored"

    @property
    def rejected(self) -> str:
        return f"{self.name}-rejected"

    @property
    def arguments(self) -> list[str]:
        places = ["--input", self.name, "--output", self.output, "--rejected", self.rejected]
        return ["kafka", "--servers", self.address, "--group", self.name, *places]

    def send(self, values: Sequence[bytes | None], keys: Sequence[bytes | None] | None = None, **more: Any) -> None:
        """Publish messages in order; all that have the same key are in one partition."""
        # Without idempotence, a request that is repeated on a busy machine is behind those that came after it.
        producer = Producer(
            {
                "bootstrap.servers": self.address,
                "partitioner": "murmur2_random",
                "message.max.bytes": 20_000_000,
                "enable.idempotence": True,
            }
        )
        for value, key in zip(values, keys or [None] * len(values), strict=True):
            while True:
                try:
                    producer.produce(self.name, value, key, **more)
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(PATIENCE) == 0

    def read(self, topic: str, committed: bool = True) -> list[Any]:
        """All messages of a topic, those of a partition in their order."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.address,
                "group.id": uuid.uuid4().hex,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed" if committed else "read_uncommitted",
            }
        )
        consumer.subscribe([topic])
        partitions = len(consumer.list_topics(topic).topics[topic].partitions)
        found, ended, deadline = [], 0, time.monotonic() + PATIENCE
        while ended < partitions:
            assert time.monotonic() < deadline, f"{topic} has no end"
            for one in consumer.consume(1000, 0.2):
                error = one.error()
                if error is None:
                    found.append(one)
                elif error.code() == KafkaError._PARTITION_EOF:
                    ended += 1
                else:
                    raise AssertionError(error)
        consumer.close()
        return found


def new_topics(
    address: str,
    partitions: int = 4,
    output_partitions: int | None = None,
    output_bytes: int = 1_000_000,
    output_is_compacted: bool = False,
) -> Topics:
    """``output_bytes`` is the largest batch of messages that the output and the topic of rejected messages take."""
    topics = Topics(address, f"t{uuid.uuid4().hex[:10]}")
    admin = AdminClient({"bootstrap.servers": address})
    of_output = {
        "max.message.bytes": str(output_bytes),
        "cleanup.policy": "compact" if output_is_compacted else "delete",
    }
    wanted = [
        NewTopic(topics.name, partitions, 1, config={"max.message.bytes": "20000000"}),
        NewTopic(topics.output, output_partitions or partitions, 1, config=of_output),
        NewTopic(topics.rejected, 1, 1, config={"max.message.bytes": str(output_bytes)}),
    ]
    for made in admin.create_topics(wanted).values():
        made.result(PATIENCE)
    return topics
