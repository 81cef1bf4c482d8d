"""Messages of Avro behind the ids of a real schema registry: Apicurio, with the API of Confluent's."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

from dai_routes.stream.contract import Message
from dai_routes.stream.errors import BrokerError
from dai_routes.stream.messages.avro import AvroDecoder
from dai_routes.stream.messages.registry import SchemaRegistry
from dai_scoring.service.single_records import Rejected
from tests.support.brokers.kafka import Kafka
from tests.support.brokers.kafka.topics import new_topics
from tests.support.brokers.records import ROW, is_golden
from tests.support.brokers.registry import Registry, registry
from tests.support.brokers.worker import run

pytestmark = pytest.mark.runtime

KINDS = {float: "double", str: "string"}
FIELDS = [{"name": name, "type": ["null", KINDS[type(value)]]} for name, value in ROW.items()]
SCHEMA = {"type": "record", "name": "Passenger", "fields": [{"name": "id", "type": "long"}, *FIELDS]}
# Another order, and a column more.
LATER = {**SCHEMA, "fields": [*FIELDS[::-1], *SCHEMA["fields"][:1], {"name": "note", "type": "string", "default": ""}]}


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


def encoded(schema: dict[str, Any], number: int, **values: Any) -> bytes:
    """A record behind the id of its schema."""
    text = io.BytesIO()
    fastavro.schemaless_writer(text, schema, {**ROW, **values})
    return b"\x00" + number.to_bytes(4, "big") + text.getvalue()


def test_a_topic_with_two_versions_of_a_schema(titanic: Path, broker: Kafka, schemas: Registry) -> None:
    topics = new_topics(broker.address)
    first, second = (schemas.register(f"{topics.name}-value", one) for one in (SCHEMA, LATER))
    assert first != second
    good = [encoded(SCHEMA, first, id=1), encoded(LATER, second, id=2, note="x"), encoded(SCHEMA, first, id=3)]
    topics.send([*good, encoded(SCHEMA, 10_000, id=4), b"no Avro"], [b"k"] * 5)
    arguments = [*topics.arguments, "--model", titanic, "--accept-h2o-licence", "--drain", "--format", "avro"]
    done = run(*arguments, "--schema-registry", schemas.address)
    assert done.returncode == 0, done.stderr
    scored = [one.value() for one in topics.read(topics.output)]
    assert [json.loads(one)["id"] for one in scored] == [1, 2, 3]
    assert all(map(is_golden, scored))
    assert json.loads(scored[1])["note"] == "x"
    rejected = [json.loads(one.value()) for one in topics.read(topics.rejected)]
    assert [one["code"] for one in rejected] == ["unknown_schema", "malformed_row"]


def test_a_schema_that_refers_to_another_is_rejected(schemas: Registry) -> None:
    port = {"type": "enum", "name": "Port", "symbols": ["S", "C"]}
    schemas.register("port", port)
    schema = {"type": "record", "name": "Ship", "fields": [{"name": "port", "type": "Port"}]}
    number = schemas.register("ship", schema, [{"name": "Port", "subject": "port", "version": 1}])
    (found,) = AvroDecoder(SchemaRegistry(schemas.address)).decode(
        [Message(b"\x00" + number.to_bytes(4, "big") + b"\x00")]
    )
    assert isinstance(found, Rejected)
    assert (found.code, found.reason) == ("unknown_schema", f"The schema {number} is not of Avro, or refers to others.")


def test_the_address_without_its_path_rejects_nothing(schemas: Registry) -> None:
    number = schemas.register("alone", SCHEMA)
    with pytest.raises(BrokerError, match="Is its address right"):
        AvroDecoder(SchemaRegistry(schemas.host)).decode([Message(encoded(SCHEMA, number, id=1))])
