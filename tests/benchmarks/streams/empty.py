"""Consumers that publish what they receive, as a process each: the limit for a worker of the same broker."""

from __future__ import annotations

import sys
import time
from typing import Any

from dai_routes.stream.contract import Broker, Result
from dai_routes.stream.stop import Stop


def kafka(address: str, topic: str, output: str, count: int, most: int) -> None:
    """Exactly once, with nothing but the client: no keys checked, no headers, no errors handled."""
    from confluent_kafka import Consumer, Producer, TopicPartition

    settings = {"bootstrap.servers": address, "log_level": 0}
    consumer = Consumer(
        {
            **settings,
            "group.id": output,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 100,
        }
    )
    producer = Producer({**settings, "transactional.id": output})
    producer.init_transactions()
    consumer.subscribe([topic])
    began, used, done = 0.0, 0.0, 0
    while done < count:
        first = consumer.poll(1.0)
        if first is None:
            continue
        began, used = began or time.perf_counter(), used or time.process_time()
        messages = [first, *consumer.consume(most - 1, 0)]
        ends: dict[int, int] = {}
        producer.begin_transaction()
        for one in messages:
            producer.produce(output, one.value(), one.key())
            ends[one.partition()] = one.offset() + 1
        offsets = [TopicPartition(topic, partition, offset) for partition, offset in ends.items()]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        producer.commit_transaction()
        done += len(messages)
    print(time.perf_counter() - began, time.process_time() - used, flush=True)
    consumer.close()


def adapter(broker: Broker, count: int, most: int) -> None:
    """With the adapter of the worker."""
    began, used, done = 0.0, 0.0, 0
    while done < count:
        messages = broker.receive(most, 1.0)
        if messages:
            began, used = began or time.perf_counter(), used or time.process_time()
            broker.settle([Result(one, one.value or b"") for one in messages])
            done += len(messages)
    print(time.perf_counter() - began, time.process_time() - used, flush=True)
    broker.close()


def main() -> None:
    """``empty.py BROKER ADDRESS INPUT OUTPUT COUNT MOST``: prints the seconds from the first message to the last, and
    the processor's."""
    name, address, source, output, count, most = sys.argv[1:]
    numbers = int(count), int(most)
    if name == "kafka":
        kafka(address, source, output, *numbers)
        return
    made: Any
    if name == "redis":
        from dai_routes.stream.brokers.redis_streams import RedisSettings, RedisStreams

        made = RedisStreams(RedisSettings(address, source, output, output, "empty"), Stop())
    elif name == "rabbitmq":
        from dai_routes.stream.brokers.rabbitmq import RabbitMQ, RabbitSettings

        made = RabbitMQ(RabbitSettings(address, source, output, output, numbers[1]), Stop())
    else:
        from dai_routes.stream.brokers.activemq import ActiveMQ, ActiveSettings

        made = ActiveMQ(ActiveSettings(address, source, output, output, numbers[1]), Stop())
    adapter(made, *numbers)


if __name__ == "__main__":
    main()
