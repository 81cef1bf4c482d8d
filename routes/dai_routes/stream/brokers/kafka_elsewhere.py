"""Whether messages wait in partitions of Kafka that another worker of the group has."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import closing
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition

_SECONDS = 5.0


def wait_elsewhere(consumer: Consumer, client: Mapping[str, Any], topic: str, own: Collection[int]) -> bool:
    """Whether a partition that is not among ``own`` has a message after those that the group has committed.

    That is so while another worker still scores, and after one was killed: its partitions stay with it until its
    session ends. ``client`` are the settings of the consumer. Raises KafkaException if the broker does not answer.
    """
    partitions = consumer.list_topics(topic, _SECONDS).topics[topic].partitions
    others = [TopicPartition(topic, number) for number in partitions if number not in own]
    if not others:
        return False
    for one in consumer.committed(others, _SECONDS):
        first, end = consumer.get_watermark_offsets(one, _SECONDS)
        if one.offset < 0 and client["auto.offset.reset"] != "earliest":
            continue
        start = max(one.offset, first)
        if start < end and _has_message(client, TopicPartition(topic, one.partition, start)):
            return True
    return False


def _has_message(client: Mapping[str, Any], start: TopicPartition) -> bool:
    """Whether there is a message, and not only marks of transactions, which have offsets too. True if it is unclear."""
    # It does not join the group.
    alone = {name: value for name, value in client.items() if name != "group.instance.id"}
    with closing(Consumer(alone)) as consumer:
        consumer.assign([start])
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            found = consumer.poll(0.5)
            if found is not None:
                error = found.error()
                return error is None or error.code() != KafkaError._PARTITION_EOF
    return True
