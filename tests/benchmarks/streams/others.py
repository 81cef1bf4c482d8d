"""What teams write first for Kafka, beside the worker: a consumer in Java, and one in Python."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from dai_nifi.errors import ToolError
from dai_nifi.local.java import find_java
from dai_scoring.models import open_model
from dai_scoring.provision import jars
from dai_scoring.scorer import RuntimeSettings
from tests.benchmarks import common

_SOURCE = Path(__file__).with_name("PlainConsumer.java")
_KAFKA = common.ROOT / "tests" / "support" / "brokers" / "kafka"


def plain_java(folder: Path) -> Callable[[str, str, int, int], float]:
    """A consumer in Java, exactly once: called with address, topic, count and messages a batch, it returns seconds."""
    tools = find_java() / "bin"
    kafka = jars.built_once("test-kafka", _KAFKA, "fetch Kafka", lambda what, share=None: None)
    found = [one for place in (jars.mojo_runtime(), jars.open_jars(), kafka) for one in place.rglob("*.jar")]
    path = ":".join(map(str, [folder, *found]))
    subprocess.run([tools / "javac", "-nowarn", "-d", folder, "-cp", path, _SOURCE], check=True, capture_output=True)

    def measure(address: str, topic: str, count: int, most: int) -> float:
        # H2O's runtime defines classes while it loads a model.
        java = [tools / "java", "--add-opens", "java.base/java.lang=ALL-UNNAMED", "-Xmx768m", "-cp", path]
        words = [address, topic, f"{topic}-scored", str(count), str(most), common.titanic()]
        done = subprocess.run([*java, "PlainConsumer", *words], capture_output=True, text=True)
        if done.returncode:
            raise ToolError(f"the plain consumer ended: {done.stderr[-1000:]}")
        return float(done.stdout.split()[-1])

    return measure


def by_hand(address: str, topic: str, count: int) -> float:
    """A consumer in Python that scores one message after the other, in a process of its own; returns seconds."""
    words = [address, topic, str(count)]
    command = [sys.executable, "-m", "tests.benchmarks.streams.others", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=common.ROOT)
    return float(done.stdout.split()[-1])


def _by_hand(address: str, topic: str, count: int) -> None:
    """Offsets are committed by time, so a crash loses or repeats messages; no bad message is expected."""
    from confluent_kafka import Consumer, Producer

    settings = {"bootstrap.servers": address, "log_level": 0}
    consumer = Consumer({**settings, "group.id": f"{topic}-by-hand", "auto.offset.reset": "earliest"})
    producer = Producer(settings)
    with open_model(common.titanic(), settings=RuntimeSettings(accept_h2o_licence=True)) as scorer:
        consumer.subscribe([topic])
        began, done = 0.0, 0
        while done < count:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            began = began or time.perf_counter()
            row = json.loads(message.value())
            row |= scorer.score(pa.Table.from_pylist([row])).predictions.to_pylist()[0]
            producer.produce(f"{topic}-scored", json.dumps(row).encode(), message.key())
            producer.poll(0)
            done += 1
        producer.flush()
        print(time.perf_counter() - began, flush=True)
    consumer.close()


if __name__ == "__main__":
    _by_hand(sys.argv[1], sys.argv[2], int(sys.argv[3]))
