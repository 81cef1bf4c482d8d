"""``dai-score stream kafka``: TLS, SASL, what the broker refuses, and a broker that is away."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka.admin import AclBinding, AdminClient

from tests.support.brokers.kafka import PASSWORD, Kafka
from tests.support.brokers.kafka.topics import Topics, new_topics
from tests.support.brokers.records import message
from tests.support.brokers.worker import run
from tests.support.server.certificates import Authority
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.runtime


def words(titanic: Path, topics: Topics, servers: str) -> list[object]:
    arguments = [servers if one == topics.address else one for one in topics.arguments]
    return [*arguments, "--model", titanic, "--accept-h2o-licence", "--drain"]


def settings(broker: Kafka, password: str) -> dict[str, str]:
    return {
        "DAI_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "DAI_KAFKA_SASL_MECHANISM": "PLAIN",
        "DAI_KAFKA_SASL_PASSWORD": password,
        "DAI_KAFKA_SSL_CA_LOCATION": str(broker.authority),
    }


def test_tls_and_a_password(titanic: Path, broker: Kafka, tmp_path: Path) -> None:
    topics = new_topics(broker.address)
    topics.send([message(1)])
    file = tmp_path / "client.properties"
    file.write_text("# of librdkafka\nsasl.username = scorer\nsasl.password=replaced by the environment\n")
    arguments = [*words(titanic, topics, broker.secured), "--client-config", file]
    done = run(*arguments, environment=settings(broker, PASSWORD))
    assert done.returncode == 0, done.stderr
    assert "1 messages scored" in done.stdout
    done = run(*arguments, environment=settings(broker, "wrong"))
    assert done.returncode == 4, done.stderr
    assert "credentials" in done.stderr
    assert PASSWORD not in done.stderr
    assert "wrong" not in done.stderr


def test_a_certificate_that_is_not_trusted(titanic: Path, broker: Kafka, tmp_path: Path) -> None:
    topics = new_topics(broker.address)
    environment = {
        **settings(broker, PASSWORD),
        "DAI_KAFKA_SASL_USERNAME": "scorer",
        "DAI_KAFKA_SSL_CA_LOCATION": str(Authority(tmp_path).certificate),
    }
    done = run(*words(titanic, topics, broker.secured), environment=environment)
    assert done.returncode == 4, done.stderr
    assert "certificates for 127.0.0.1" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("more", [(), ("--at-least-once",)])
@pytest.mark.parametrize("operation", ["READ", "WRITE"])
def test_a_permission_that_is_missing(titanic: Path, broker: Kafka, operation: str, more: tuple[str, ...]) -> None:
    topics = new_topics(broker.address)
    topics.send([message(1)])
    topic = topics.name if operation == "READ" else topics.output
    rules = [
        AclBinding("TOPIC", topic, "LITERAL", "User:scorer", "*", what, whether)
        for what, whether in (("ALL", "ALLOW"), (operation, "DENY"))
    ]
    admin = AdminClient({"bootstrap.servers": broker.address})
    for made in admin.create_acls(rules).values():
        made.result(PATIENCE)
    environment = {**settings(broker, PASSWORD), "DAI_KAFKA_SASL_USERNAME": "scorer"}
    done = run(*words(titanic, topics, broker.secured), *more, environment=environment)
    # The client may say first only that it cannot go on in this transaction.
    assert (done.returncode, len(done.stderr.splitlines()) <= 2) == (1, True), done.stderr
    assert "Topic authorization failed" in done.stderr
    assert topic in done.stderr
    assert not topics.read(topics.output)
    done = run(*words(titanic, topics, broker.address), *more)
    assert "1 messages scored" in done.stdout, done.stderr


def test_a_topic_that_is_not_there(titanic: Path, broker: Kafka) -> None:
    topics = new_topics(broker.address)
    done = run(*words(titanic, topics, broker.address), "--output", "nowhere", "--rejected", "nor-here")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    said = "Kafka has no topic nowhere, nor-here. Create it, or check --input, --output and --rejected."
    assert said in done.stderr


def test_no_broker(titanic: Path, broker: Kafka) -> None:
    done = run(*words(titanic, new_topics(broker.address), "127.0.0.1:1"), "--broker-timeout", 5)
    assert done.returncode == 4, done.stderr
    assert done.stderr.count("Connection refused") <= 2
    assert "No broker of 127.0.0.1:1 answers" in done.stderr
    assert "security.protocol" not in done.stderr


@pytest.mark.parametrize(
    ("is_secured", "changes", "said"),
    [
        (True, {"SECURITY_PROTOCOL": "PLAINTEXT"}, "speaks TLS, and security.protocol is PLAINTEXT: set it to SSL or"),
        (True, {"SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "security.protocol is SASL_PLAINTEXT: set it to SASL_SSL."),
        (True, {"SECURITY_PROTOCOL": "SSL"}, "security.protocol (SSL) may be wrong. Set it to PLAINTEXT, if it speaks"),
        (False, {}, "security.protocol (SASL_SSL) may be wrong. Set it to SASL_PLAINTEXT, if it speaks no TLS"),
        (False, {"SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "wants no user here: look at security.protocol."),
        (True, {"SASL_MECHANISM": "SCRAM-SHA-512"}, "Set sasl.mechanism to one that the broker has."),
    ],
)
def test_settings_that_do_not_fit_the_port(
    titanic: Path, broker: Kafka, is_secured: bool, changes: dict[str, str], said: str
) -> None:
    servers = broker.secured if is_secured else broker.address
    changed = {f"DAI_KAFKA_{name}": value for name, value in changes.items()}
    environment = {**settings(broker, PASSWORD), "DAI_KAFKA_SASL_USERNAME": "scorer", **changed}
    done = run(*words(titanic, new_topics(broker.address), servers), environment=environment)
    assert done.returncode == 4, done.stderr
    assert said in done.stderr.splitlines()[-1], done.stderr


def test_a_setting_that_the_client_does_not_know(titanic: Path, broker: Kafka) -> None:
    topics = new_topics(broker.address)
    done = run(*words(titanic, topics, broker.address), environment={"DAI_KAFKA_SECURITY_PROTOCOLS": "SSL"})
    assert done.returncode == 1
    assert 'No such configuration property: "security.protocols"' in done.stderr


def test_the_servers_of_the_command_count_and_not_those_of_a_file(titanic: Path, broker: Kafka, tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("bootstrap.servers=127.0.0.1:1\n")
    arguments = words(titanic, new_topics(broker.address), broker.address)
    done = run(*arguments, "--client-config", file, "--broker-timeout", 5)
    assert done.returncode == 0, done.stderr
