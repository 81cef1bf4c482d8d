"""A Kafka broker of the tests' own, from the jars that Maven fetches: one node, on loopback."""

from __future__ import annotations

import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dai_scoring.provision import jars, java
from tests.support.ports import free_port
from tests.support.server.certificates import Authority
from tests.support.waiting import PATIENCE, until

_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{secured},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{secured}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
message.max.bytes=20000000
log.cleaner.enable=false
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:ANONYMOUS
ssl.keystore.type=PEM
ssl.keystore.location={chain}
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
  user_scorer="{password}";
"""
_MEMORY = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


PASSWORD = "not-for-any-log"


@dataclass
class Kafka:
    """A broker that listens at ``address``, and at ``secured`` with TLS for the user scorer with :data:`PASSWORD`."""

    folder: Path
    address: str
    secured: str
    authority: Path
    _command: list[str] = field(repr=False)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it, and wait until it answers."""
        from confluent_kafka.admin import AdminClient

        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "kafka.Kafka", str(self.folder / "server.properties")], stdout=log, stderr=log
            )
        # Its messages while nobody answers are no news.
        client = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        until(lambda: self._answers(client))

    def _answers(self, client: object) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
        from confluent_kafka import KafkaException

        try:
            return bool(client.list_topics(timeout=1).brokers)  # type: ignore[attr-defined]
        except KafkaException:
            return False

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End its process."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)


@contextmanager
def kafka(folder: Path) -> Iterator[Kafka]:
    """Make a broker in an empty folder, run it, and end it."""
    pytest.importorskip("confluent_kafka", reason="confluent-kafka is not installed: pip install '.[kafka]'")
    if shutil.which("mvn") is None:
        pytest.skip("Kafka comes from Maven, which is not installed: apt-get install maven")
    place = jars.built_once("test-kafka", Path(__file__).parent, "fetch Kafka", lambda what, share=None: None)
    home = java.find_java(minimum=17)
    command = [str(home / "bin" / "java"), *_MEMORY, "-cp", f"{place}/*"]
    port, secured, controller = free_port(), free_port(), free_port()
    authority = Authority(folder)
    pair = authority.pair("broker")
    chain = folder / "chain.pem"
    chain.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes() + authority.certificate.read_bytes())
    text = _SETTINGS.format(
        port=port, secured=secured, controller=controller, data=folder / "data", chain=chain, password=PASSWORD
    )
    settings = folder / "server.properties"
    settings.write_text(text)
    cluster = uuid.uuid4().hex[:22]
    subprocess.run(
        [*command, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)],
        check=True,
        capture_output=True,
    )
    broker = Kafka(folder, f"127.0.0.1:{port}", f"127.0.0.1:{secured}", authority.certificate, command)
    broker.start()
    try:
        yield broker
    finally:
        broker.end()
