"""What a worker of Kafka is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class KafkaSettings:
    """The topics, and how to connect: ``client`` are librdkafka's settings. ``timeout`` is in seconds.

    Workers with the same ``group`` share the partitions. ``worker`` is a name that no other worker of the group has:
    if it is started again, it goes on at once. Without, it may have to wait until the transaction that it left ends.
    """

    servers: str
    topic: str
    output: str
    rejected: str
    group: str
    worker: str | None = None
    is_exactly_once: bool = True
    timeout: float = 60.0
    client: Mapping[str, str] = field(default_factory=dict, repr=False)
