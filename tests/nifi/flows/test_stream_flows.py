"""The stream flows in a real NiFi, with standard processors in place of those that speak with a broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dai_nifi.flows import templates
from dai_nifi.flows.stream import kafka
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi.instance import NiFi
from tests.support.nifi.stream_flow import Message, StreamFlow, deployed_stream, headers

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
def kafka_flow(self, nifi: NiFi, titanic: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamFlow]:
    topics = {"source.topic": "rows", "target.topic": "scores", "rejected.topic": "bad", "kafka.servers": "k:9092"}
    with deployed_stream("stream-kafka", titanic, tmp_path_factory.mktemp("kafka") / "in", topics) as made:
        yield made


def test_kafka_scores_have_key_and_headers_and_rejected_messages_reason_and_source(kafka_flow: StreamFlow) -> None:
    def message(offset: int, contents: bytes, **header: str) -> Message:
        of_kafka = {"kafka.topic": "rows", "kafka.partition": "3", "kafka.offset": str(offset)}
        # As ConsumeKafka sets them; a message may have none of its own.
        own = {"kafka.key": f"key {offset}", "kafka.timestamp": "1", "filename": "x", **header}
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
    sent = [headers(one, pattern) for one in scores]
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
        assert one.pop("dai-reject-reason")
    assert found[1] == {
        "trace": "bad row",
        "key": "key 1",
        "dai-reject-code": "not_a_number",
        "dai-reject-column": "age",
    }
    bad = json.loads(by_offset[1].contents)
    assert (bad["_reject_code"], bad["_reject_column"], bad["_reject_value"]) == ("not_a_number", "age", "twenty")
    assert by_offset[4].contents == b"{not JSON"
    assert (found[4]["dai-reject-code"], found[4]["trace"]) == ("malformed_content", "broken")
    assert (by_offset[5].contents, by_offset[5].attributes["kafka.tombstone"]) == (b"", "true")
    assert by_offset[6].contents == b'{"pclass": 1}'
    assert found[6]["dai-reject-code"] == "missing_columns"
    assert found[7]["dai-reject-code"] == "not_a_number"
