"""The stream flows in a real NiFi, with standard processors in place of those that speak with a broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.flows import templates
from dai_nifi.flows.stream import activemq, kafka, rabbitmq, reasons
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi.canvas import Canvas, listed
from tests.support.nifi.instance import NiFi
from tests.support.nifi.stream_flow import Message, StreamFlow, deployed_stream, headers
from tests.support.waiting import until

pytestmark = pytest.mark.nifi


def default(flow: str, name: str) -> str:
    found = templates.template(flow).parameter(name)
    assert found is not None
    return str(found.default)


def score_of(contents: bytes) -> tuple[float, float]:
    row = json.loads(contents)
    return row["survived.0"], row["survived.1"]


def row(**changed: Any) -> bytes:
    return json.dumps({**GOLDEN_ROW, **changed}, ensure_ascii=False).encode()


@pytest.fixture(scope="module")
def kafka_flow(nifi: NiFi, titanic: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamFlow]:
    topics = {"source.topic": "rows", "target.topic": "scores", "rejected.topic": "bad", "kafka.servers": "k:9092"}
    with deployed_stream("stream-kafka", titanic, tmp_path_factory.mktemp("kafka") / "in", topics) as made:
        yield made


def test_kafka_scores_have_key_and_headers_and_rejected_messages_reason_and_source(kafka_flow: StreamFlow) -> None:
    def message(offset: int, contents: bytes, **header: str) -> Message:
        of_kafka = {"kafka.topic": "rows", "kafka.partition": "3", "kafka.offset": str(offset)}
        # As ConsumeKafka sets them; a message may have none of its own.
        own = {"kafka.key": f"key {offset}", "kafka.timestamp": "1", "filename": "x", "dai-message": "y", **header}
        return Message(contents, {**of_kafka, **own})

    good = [0, 2, 3]
    kafka_flow.put(
        [
            message(0, row(), trace="a=b, ü", tenant="7"),
            message(1, row(age="twenty"), trace="bad row"),
            message(2, row(), **{"x-id": "2"}),
            message(3, row()),
            message(4, b"{not JSON", trace="broken"),
            message(5, b"", **{"kafka.tombstone": "true"}),
            message(6, b'{"pclass": 1}', trace="columns"),
            message(7, b"[%s, %s]" % (row(age="old"), row())),
        ]
    )
    scores, rejected = kafka_flow.wait(4, 5)
    assert [int(one.attributes["kafka.offset"]) for one in scores] == [*good, 7]
    assert [score_of(one.contents) for one in scores[:3]] == [GOLDEN_SCORE] * 3
    assert [one.attributes["kafka.key"] for one in scores] == [f"key {number}" for number in (*good, 7)]
    pattern = default("stream-kafka", kafka.HEADERS)
    sent = [headers(one, f"{kafka.MESSAGE}|{pattern}") for one in scores]
    assert [one.pop("dai-message") for one in sent] == [f"rows-3-{number}" for number in (*good, 7)]
    assert sent == [{"trace": "a=b, ü", "tenant": "7"}, {"x-id": "2"}, {}, {}]
    assert len(json.loads(scores[3].contents)) == 1

    by_offset = {int(one.attributes["kafka.offset"]): one for one in rejected}
    found = {
        number: headers(one, f"dai-reject-.+|{pattern}") | {"key": one.attributes["kafka.key"]}
        for number, one in by_offset.items()
    }
    for number, one in found.items():
        assert {one.pop(f"dai-reject-{name}") for name in ("topic", "partition", "offset")} == {
            "rows",
            "3",
            str(number),
        }
        assert one["dai-reject-reason"]
    assert found[1] == {
        "dai-reject-reason": "The message holds the rows that could not be scored, each with its reason.",
        "trace": "bad row",
        "key": "key 1",
        "dai-reject-code": "not_a_number",
        "dai-reject-column": "age",
    }
    bad = json.loads(by_offset[1].contents)
    assert (bad["_reject_code"], bad["_reject_column"], bad["_reject_value"]) == ("not_a_number", "age", "twenty")
    assert by_offset[4].contents == b"{not JSON"
    assert (found[4]["dai-reject-code"], found[4]["trace"]) == ("unknown_format", "broken")
    assert (by_offset[5].contents, by_offset[5].attributes["kafka.tombstone"]) == (b"", "true")
    assert (found[5]["dai-reject-code"], found[5]["dai-reject-reason"]) == ("no_record", "The message has no record.")
    assert by_offset[6].contents == b'{"pclass": 1}'
    assert found[6]["dai-reject-code"] == "missing_columns"
    assert found[7]["dai-reject-code"] == "not_a_number"


def test_scores_and_rejected_messages_come_in_the_order_of_the_messages(kafka_flow: StreamFlow) -> None:
    def message(offset: int) -> Message:
        of_kafka = {"kafka.topic": "rows", "kafka.partition": "0", "kafka.offset": str(offset), "kafka.key": "one"}
        return Message(row(age="bad") if offset % 5 == 0 else row(), {**of_kafka, "order": "yes"})

    # More than the scoring processor takes at a time.
    kafka_flow.put([message(1000 + number) for number in range(70)])
    before = (4, 5)
    scores, rejected = kafka_flow.wait(before[0] + 56, before[1] + 14)
    for came, expected in (
        (scores, [1000 + number for number in range(70) if number % 5]),
        (rejected, [1000 + number for number in range(0, 70, 5)]),
    ):
        assert [int(one.attributes["kafka.offset"]) for one in came if "order" in one.attributes] == expected


QUEUES = {"source.queue": "rows", "target.queue": "scores", "rejected.queue": "bad"}


def test_activemq_scores_have_properties_and_the_id_and_rejected_messages_the_reason(
    nifi: NiFi, titanic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JMS_PASSWORD", "secret of JMS")

    def message(number: int, contents: bytes, **properties: str) -> Message:
        # As ConsumeJMS sets them.
        of_jms = {
            "jms_messageId": f"ID:{number}",
            "jms_destination": "rows",
            "jms_correlationId": f"correlation {number}",
            "jms_priority": "4",
            "jms_expiration": "0",
            "jms_deliveryMode": "1",
            "jms_redelivered": "false",
            "jms_timestamp": "1700000000000",
            "jms_replyTo": "answers",
            "jms.messagetype": "TextMessage",
            "jms.source.destination": "rows",
            "JMSXDeliveryCount": "1",
        }
        return Message(contents, {**of_jms, **properties})

    parameters = {**QUEUES, "jms.broker": "tcp://127.0.0.1:1", "jms.client.library": str(tmp_path)}
    with deployed_stream("stream-activemq", titanic, tmp_path / "in", parameters) as flow:
        flow.put(
            [
                message(1, row(), trace="a=b", JMSXGroupID="group"),
                message(2, row(age="twenty"), trace="bad"),
                message(3, b"no rows at all {"),
                message(4, row()),
            ]
        )
        scores, rejected = flow.wait(2, 2)
    pattern = default("stream-activemq", activemq.HEADERS)
    kept = {"jms_priority": "4", "jms_expiration": "0"}
    assert [headers(one, pattern) for one in scores] == [
        {
            **kept,
            "jms_messageId": "ID:1",
            "jms_correlationId": "correlation 1",
            "trace": "a=b",
            "JMSXGroupID": "group",
        },
        {**kept, "jms_messageId": "ID:4", "jms_correlationId": "correlation 4"},
    ]
    assert [score_of(one.contents) for one in scores] == [GOLDEN_SCORE] * 2
    sent = {one.attributes["jms_messageId"]: headers(one, f"dai_reject_.+|{pattern}") for one in rejected}
    assert {name: value for name, value in sent["ID:2"].items() if name[:4] == "dai_" and name[-6:] != "reason"} == {
        "dai_reject_code": "not_a_number",
        "dai_reject_column": "age",
        "dai_reject_queue": "rows",
        "dai_reject_id": "ID:2",
    }
    assert sent["ID:2"]["trace"] == "bad"
    assert [one.contents for one in rejected if one.attributes["jms_messageId"] == "ID:3"] == [b"no rows at all {"]
    assert "secret of JMS" not in nifi.log()


def test_rabbitmq_scores_have_headers_and_the_id_and_rejected_messages_the_reason(
    nifi: NiFi, titanic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_PASSWORD", "secret of RabbitMQ")

    def message(number: int, contents: bytes, **further: str) -> Message:
        # As ConsumeAMQP sets them.
        of_amqp = {
            "amqp$messageId": str(number),
            "amqp$exchange": "orders",
            "amqp$routingKey": "new",
            "amqp$userId": "someone",
            "amqp$deliveryMode": "1",
        }
        return Message(contents, {**of_amqp, **further})

    both = rabbitmq.SEPARATOR.join(("trace=1, 2", "tenant=7"))
    parameters = {**QUEUES, "rabbitmq.brokers": "127.0.0.1:1", "rabbitmq.user": "scorer"}
    with deployed_stream("stream-rabbitmq", titanic, tmp_path / "in", parameters) as flow:
        flow.put(
            [
                message(1, row(), **{"amqp$headers": both}),
                message(2, row(age="twenty"), **{"amqp$headers": both}),
                message(3, b'{"pclass": 1}'),
                message(4, row()),
            ]
        )
        scores, rejected = flow.wait(2, 2)

    def of_rabbitmq(attributes: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in attributes.items() if name.startswith("amqp$")}

    same = {"amqp$exchange": "orders", "amqp$routingKey": "new", "amqp$deliveryMode": "2"}
    assert [of_rabbitmq(dict(one.attributes)) for one in scores] == [
        {**same, "amqp$messageId": "1", "amqp$headers": both},
        {**same, "amqp$messageId": "4"},
    ]
    assert [score_of(one.contents) for one in scores] == [GOLDEN_SCORE] * 2
    found = {
        one.attributes["amqp$messageId"]: [
            header.partition("=")[::2] for header in one.attributes["amqp$headers"].split(rabbitmq.SEPARATOR)
        ]
        for one in rejected
    }
    source = {"dai-reject-queue": "rows", "dai-reject-exchange": "orders", "dai-reject-routing-key": "new"}
    second = dict(found["2"])
    assert second.pop("dai-reject-reason")
    assert second == {
        "trace": "1, 2",
        "tenant": "7",
        "dai-reject-code": "not_a_number",
        "dai-reject-column": "age",
        **source,
    }
    third = dict(found["3"])
    # PublishAMQP would split headers there.
    assert "=" not in third.pop("dai-reject-reason")
    assert {name: third[name] for name in (*source, "dai-reject-code")} == {
        **source,
        "dai-reject-code": "missing_columns",
    }
    assert "secret of RabbitMQ" not in nifi.log()


def test_only_messages_at_fault_are_given_up(nifi: NiFi) -> None:
    cases: dict[str, tuple[dict[str, str], bool]] = {
        "not JSON": ({"scoring.error.code": "malformed_content"}, True),
        "no licence": ({"scoring.error.code": "licence"}, False),
        "no licence for long": ({"scoring.error.code": "licence", "flowfile.retries": "1000"}, False),
        "no file": ({"scoring.error.code": "model_not_found"}, False),
        "the model's code": ({"scoring.error.code": "execution", "flowfile.retries": "9"}, False),
        "the model's code again": ({"scoring.error.code": "execution", "flowfile.retries": "10"}, True),
        "unknown": ({}, False),
        "unknown again": ({"flowfile.retries": "10"}, True),
    }
    assert "execution" in reasons.codes(reasons.ExecutionError)
    canvas = Canvas()
    try:
        at_fault = {"at fault": reasons.MESSAGE_IS_AT_FAULT}
        route = canvas.processor("RouteOnAttribute", {}, dynamic=at_fault)
        sink = canvas.processor("UpdateAttribute", {}, auto_terminated_relationships=["success"])
        queues = {one: nipyapi.canvas.create_connection(route, sink, [one]).id for one in ("at fault", "unmatched")}
        for name, (attributes, _) in cases.items():
            given = {**attributes, "case": name}
            source = canvas.processor("GenerateFlowFile", {}, dynamic=given, scheduling_period="1 day")
            nipyapi.canvas.create_connection(source, route, ["success"])
            nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(source.id, "id"), True)
        nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(route.id, "id"), True)

        def routed() -> dict[str, bool]:
            return {
                one.attributes["case"]: relationship == "at fault"
                for relationship, queue in queues.items()
                for one in listed(queue)
            }

        found = until(lambda: len(now := routed()) == len(cases) and now)
        assert found == {name: rejected for name, (_, rejected) in cases.items()}
    finally:
        canvas.remove()
