"""What a NiFi without the processors for message brokers is told: the assembled NiFi of these tests is one."""

from __future__ import annotations

from pathlib import Path

import nipyapi
import pytest

from tests.support.nifi.commands import look, run
from tests.support.nifi.instance import NiFi

pytestmark = pytest.mark.nifi

QUEUES = {"source.queue": "rows", "target.queue": "scores", "rejected.queue": "bad"}


@pytest.mark.parametrize(
    ("flow", "parameters", "archives"),
    [
        (
            "stream-kafka",
            {"kafka.servers": "k:9092", "source.topic": "a", "target.topic": "b", "rejected.topic": "c"},
            "nifi-kafka-3-service-nar, nifi-kafka-nar, nifi-kafka-service-api-nar",
        ),
        (
            "stream-activemq",
            {**QUEUES, "jms.broker": "tcp://mq:61616", "jms.client.library": "/jars"},
            "nifi-jms-cf-service-nar, nifi-jms-processors-nar",
        ),
        ("stream-rabbitmq", {**QUEUES, "rabbitmq.brokers": "r:5672", "rabbitmq.user": "me"}, "nifi-amqp-nar"),
    ],
)
def test_a_nifi_without_the_archives_is_told_which_and_where_they_are(
    nifi: NiFi, titanic: Path, flow: str, parameters: dict[str, str], archives: str
) -> None:
    given = [word for name, value in parameters.items() for word in ("--param", f"{name}={value}")]
    done = run("deploy", flow, "--model", titanic, "--url", nifi.url, *given)
    assert done.returncode == 5, done.stderr
    said = " ".join(done.stderr.split())
    assert f"This NiFi lacks components of the flow {flow}:" in said
    assert "Nothing was changed." in said
    assert "https://nifi.apache.org/download" in said
    assert f"restart it: {archives}." in said
    # For flows without a broker, this NiFi is all right.
    told = " ".join(look("doctor", "--url", nifi.url).stdout.split())
    assert f"{flow} needs {archives}" in told
    assert "this NiFi lacks" not in told
    assert f"dai {flow}" not in {one.component.name for one in nipyapi.parameters.list_all_parameter_contexts()}
