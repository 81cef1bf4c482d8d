"""The partitions of topics: how many there are, and where messages begin in them. Whether the topics are there."""

from __future__ import annotations

import time
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Producer

from dai_routes.stream.brokers.kafka_errors import ClientErrors
from dai_routes.stream.contract import Message
from dai_routes.stream.errors import BrokerError

_SECONDS = 5.0


def count_partitions(producer: Producer, topics: Sequence[str], errors: ClientErrors, timeout: float) -> list[int]:
    """How many partitions topics have. Raises ToolError for one that is not there, or if no broker answers in time."""
    end = time.monotonic() + timeout
    while True:
        try:
            found = [producer.list_topics(name, _SECONDS).topics[name] for name in topics]
            break
        except KafkaException as exception:
            producer.poll(0)  # gives what was refused to the callback
            if (error := errors.of_first_answer(exception.args[0], time.monotonic() > end)) is not None:
                raise error from exception
    unknown = [topic.topic for topic in found if topic.error == KafkaError.UNKNOWN_TOPIC_OR_PART]
    if unknown:
        raise BrokerError(
            f"Kafka has no topic {', '.join(unknown)}. Create it, or check --input, --output and --rejected."
        )
    for topic in found:
        if topic.error is not None:
            raise errors.as_tool_error(topic.error, f"Kafka refuses the topic {topic.topic}")
    return [len(topic.partitions) for topic in found]


def first_offsets(messages: Sequence[Message]) -> dict[int, int]:
    """The first offset of each partition among messages, which are in order."""
    return dict(one.handle for one in reversed(messages))
