"""The time from a message of Kafka to its score, exactly once, one message at a time."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Any

from tests.support.brokers.records import message

_WARM = 50
_COUNT = 300


def measured(address: str, topic: str, worker: Callable[[], subprocess.Popen[str]]) -> dict[str, float]:
    """Milliseconds, as a consumer that reads what is committed sees it. ``worker`` starts one that scores the topic."""
    from confluent_kafka import Consumer, Producer

    consumer = Consumer(
        {
            "bootstrap.servers": address,
            "group.id": f"{topic}-latency",
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 1000,
        }
    )
    producer = Producer({"bootstrap.servers": address, "linger.ms": 0})
    with worker() as process:
        try:
            consumer.subscribe([f"{topic}-scored"])
            taken = [_one(producer, consumer, topic, at) for at in range(_WARM + _COUNT)][_WARM:]
        finally:
            process.terminate()
    consumer.close()
    return {"p50": statistics.median(taken), "p99": statistics.quantiles(taken, n=100)[98]}


def _one(producer: Any, consumer: Any, topic: str, number: int) -> float:
    began = time.perf_counter()
    producer.produce(topic, message(number), b"key")
    producer.flush()
    while (found := consumer.poll(30.0)) is None or found.error():
        pass
    return (time.perf_counter() - began) * 1000
