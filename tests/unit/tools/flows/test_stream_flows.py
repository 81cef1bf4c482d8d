"""The flows for message brokers, checked without a NiFi: their settings, headers and order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dai_nifi.errors import UsageError
from dai_nifi.flows import templates
from dai_nifi.flows.stream import activemq, kafka, rabbitmq, reasons
from dai_nifi.operations.deployment import checks
from dai_scoring.errors import ExecutionError, InputError, ModelError

STREAMS = [kafka.TEMPLATE, activemq.TEMPLATE, rabbitmq.TEMPLATE]
KAFKA = {"kafka.servers": "k:9092", "source.topic": "a, b", "target.topic": "c", "rejected.topic": "d"}
QUEUES = {"source.queue": "a", "target.queue": "b", "rejected.queue": "c"}
ACTIVEMQ = {**QUEUES, "jms.broker": "tcp://mq:61616", "jms.client.library": "/jars"}


def check(name: str, given: dict[str, str]) -> None:
    template = templates.template(name)
    checks.check_values(template, given, {})
    defaults = {one.name: one.default for one in template.parameters}
    template.validate({**defaults, **given})


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("stream-kafka", {}, "kafka.servers, source.topic, target.topic, rejected.topic"),
        ("stream-kafka", {**KAFKA, "target.topic": "b"}, "would score its own results"),
        ("stream-kafka", {**KAFKA, "rejected.topic": "a"}, "would score its own results"),
        ("stream-kafka", {**KAFKA, "rejected.topic": "c"}, "must differ"),
        ("stream-kafka", {**KAFKA, "kafka.start": "first"}, "'earliest', 'latest'"),
        ("stream-kafka", {**KAFKA, "kafka.security.protocol": "SASL_SSL"}, "kafka.sasl.mechanism=SCRAM-SHA-512"),
        (
            "stream-kafka",
            {**KAFKA, "kafka.security.protocol": "SASL_SSL", "kafka.sasl.mechanism": "PLAIN"},
            "--param kafka.user=NAME",
        ),
        ("stream-kafka", {**KAFKA, "kafka.user": "me"}, "PLAINTEXT, which has no users"),
        ("stream-kafka", {**KAFKA, "kafka.password": "abc-secret"}, "KAFKA_PASSWORD"),
        ("stream-activemq", {**ACTIVEMQ, "target.queue": "a"}, "source.queue and target.queue are both a"),
        ("stream-activemq", {**ACTIVEMQ, "jms.broker": "tcp://mq?jms.password=abc-secret"}, "JMS_PASSWORD"),
        ("stream-activemq", {**ACTIVEMQ, "jms.message.type": "map"}, "'text', 'bytes'"),
        ("stream-rabbitmq", {**QUEUES, "rabbitmq.brokers": "r:5672"}, "rabbitmq.user"),
        (
            "stream-rabbitmq",
            {**QUEUES, "rabbitmq.brokers": "r:5672", "rabbitmq.user": "me", "rejected.queue": "b"},
            "target.queue and rejected.queue are both b",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, given: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)) as refused:
        check(name, given)
    assert "abc-secret" not in str(refused.value)


def test_settings_that_make_sense_are_taken() -> None:
    check("stream-kafka", KAFKA)
    sasl = {"kafka.security.protocol": "SASL_SSL", "kafka.sasl.mechanism": "SCRAM-SHA-256", "kafka.user": "me"}
    check("stream-kafka", {**KAFKA, **sasl})
    check("stream-activemq", ACTIVEMQ)
    check("stream-rabbitmq", {**QUEUES, "rabbitmq.brokers": "r:5672", "rabbitmq.user": "me"})


def _default(name: str, parameter: str) -> str:
    found = templates.template(name).parameter(parameter)
    assert found is not None
    return str(found.default)


@pytest.mark.parametrize(
    ("name", "parameter", "goes", "stays"),
    [
        (
            "stream-kafka",
            kafka.HEADERS,
            ["trace", "x-id", "a.b", "paths", "filename2", "ünï", "kafkaesque", "dairy"],
            [
                "uuid",
                "path",
                "filename",
                "mime.type",
                "record.count",
                "kafka.key",
                "scoring.model.id",
                "dai-reject-code",
                "flowfile.retries",
                "RouteOnAttribute.Route",
                "msg.count",
                reasons.REJECT_CODE,
            ],
        ),
        (
            "stream-activemq",
            activemq.HEADERS,
            ["trace", "jms_messageId", "jms_correlationId", "jms_type", "JMSXGroupID", "JMSXGroupSeq", "_a", "a$b"],
            [
                "uuid",
                "path",
                "filename",
                "mime.type",
                "scoring.model.id",
                "jms_destination",
                "jms_replyTo",
                "jms_timestamp",
                "JMSXDeliveryCount",
                "jms.messagetype",
                "dai_reject_code",
                "flowfile.retries",
            ],
        ),
    ],
)
def test_headers_go_along_and_attributes_of_nifi_do_not(
    name: str, parameter: str, goes: list[str], stays: list[str]
) -> None:
    pattern = _default(name, parameter)
    assert [one for one in (*goes, *stays) if re.fullmatch(pattern, one)] == goes


@pytest.mark.parametrize("template", STREAMS, ids=lambda one: one.name)
def test_messages_stay_in_order_and_nothing_is_dropped(template: Any) -> None:
    flow = templates.definition(template.name, "java")["flowContents"]
    for one in flow["connections"]:
        assert [name.rpartition(".")[2] for name in one["prioritizers"]] == ["FirstInFirstOutPrioritizer"]
        assert (one["loadBalanceStrategy"], one["flowFileExpiration"]) == ("DO_NOT_LOAD_BALANCE", "0 sec")
    assert {one["concurrentlySchedulableTaskCount"] for one in flow["processors"]} == {1}
    ended = {one["name"]: one["autoTerminatedRelationships"] for one in flow["processors"]}
    assert {name: relationships for name, relationships in ended.items() if relationships} == {
        "Score messages": ["original"],
        "Send scores": ["success"],
        "Send rejected messages": ["success"],
    }


def test_only_errors_of_a_message_are_named_as_its_fault() -> None:
    always, _, after_attempts = reasons.MESSAGE_IS_AT_FAULT.partition(":or(")
    for kind, part in ((InputError, always), (ExecutionError, after_attempts)):
        assert set(reasons.codes(kind)) <= set(re.findall(r"'(\w+)'", part))
    assert not set(reasons.codes(ModelError)) & set(re.findall(r"'(\w+)'", reasons.MESSAGE_IS_AT_FAULT))


def test_secrets_are_sensitive_everywhere() -> None:
    for template in STREAMS:
        flow = templates.definition(template.name, "java")["flowContents"]
        for one in (*flow["processors"], *flow["controllerServices"]):
            secret = {
                name for name, value in one["properties"].items() if value in {f"#{{{x}}}" for x in template.sensitive}
            }
            assert secret == {name for name, known in one["propertyDescriptors"].items() if known["sensitive"]}
