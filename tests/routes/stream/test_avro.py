"""Messages of Avro. The registry is a server of the tests', which answers as Confluent's does."""

from __future__ import annotations

import datetime
import io
import json
import socket
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import fastavro
import pytest

from dai_routes.stream.contract import Message
from dai_routes.stream.errors import BrokerError, UnreachableError
from dai_routes.stream.messages.avro import AvroDecoder
from dai_routes.stream.messages.registry import SchemaRegistry
from dai_scoring.cli.errors import UsageError
from dai_scoring.service.single_records import Rejected

SCHEMA = {
    "type": "record",
    "name": "Passenger",
    "fields": [
        {"name": "age", "type": ["null", "double"]},
        {"name": "fare", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "photo", "type": "bytes"},
    ],
}
RECORD = {
    "age": None,
    "fare": Decimal("7.25"),
    "at": datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.timezone.utc),
    "photo": b"\x00\x01",
}
EXPECTED = {"age": None, "fare": 7.25, "at": "2024-05-01T12:00:00+00:00", "photo": "AAE="}


@pytest.fixture
def registry() -> Iterator[tuple[str, list[str]]]:
    """An address, and the requests that came there."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Authorization')}")
            found: dict[str, tuple[int, Any]] = {
                "/schemas/ids/6": (200, {"schema": json.dumps({"type": "nonsense"})}),
                "/schemas/ids/7": (200, {"schema": json.dumps(SCHEMA)}),
                "/schemas/ids/9": (500, {}),
                "/other/schemas/ids/7": (200, "a page for people"),
            }
            elsewhere = (404, {"error_code": 40403 if self.path.startswith("/schemas") else 404})
            status, body = found.get(self.path, elsewhere)
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", asked
    server.shutdown()
    server.server_close()


def with_id(number: int) -> bytes:
    text = io.BytesIO()
    fastavro.schemaless_writer(text, SCHEMA, RECORD)
    return b"\x00" + number.to_bytes(4, "big") + text.getvalue()


def container(count: int) -> bytes:
    text = io.BytesIO()
    fastavro.writer(text, SCHEMA, [RECORD] * count)
    return text.getvalue()


def decoded(registry: SchemaRegistry | None, *values: bytes | None) -> list[Any]:
    found = AvroDecoder(registry).decode([Message(value) for value in values])
    return [json.loads(one) if isinstance(one, bytes) and one else one for one in found]


def test_records_behind_the_id_of_their_schema(
    registry: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAI_SCHEMA_REGISTRY_USER", "me")
    monkeypatch.setenv("DAI_SCHEMA_REGISTRY_PASSWORD", "secret")
    address, asked = registry
    assert decoded(SchemaRegistry(address), with_id(7), with_id(7), None, b"") == [EXPECTED, EXPECTED, None, b""]
    assert asked == ["/schemas/ids/7 Basic bWU6c2VjcmV0"]


def test_what_is_no_record_is_rejected(registry: tuple[str, list[str]]) -> None:
    known = SchemaRegistry(registry[0])
    found = decoded(known, with_id(8), with_id(7)[:-1], with_id(7) + b"x", b"\x00\x00", b"{}", container(2), b"Obj\x01")
    assert all(isinstance(one, Rejected) for one in found)
    assert [one.code for one in found] == ["unknown_schema"] + ["malformed_row"] * 6
    assert decoded(known, with_id(6))[0].code == "unknown_schema"
    assert decoded(None, with_id(7))[0].code == "unknown_schema"


def test_a_registry_that_is_away_rejects_nothing(registry: tuple[str, list[str]]) -> None:
    with pytest.raises(UnreachableError):
        decoded(SchemaRegistry("http://127.0.0.1:1"), with_id(7))
    with pytest.raises(BrokerError, match="answers 500"):
        decoded(SchemaRegistry(registry[0]), with_id(9))


def test_a_damaged_container_of_bzip2_is_rejected() -> None:
    text = io.BytesIO()
    fastavro.writer(text, SCHEMA, [RECORD], codec="bzip2")
    whole = text.getvalue()
    assert decoded(None, whole) == [EXPECTED]
    at = whole.index(b"BZh") + 4
    (found,) = decoded(None, whole[:at] + b"\x00" + whole[at + 1 :])
    assert isinstance(found, Rejected)
    assert found.code == "malformed_row"


@pytest.mark.parametrize(
    "address",
    [
        "http://me:secret@127.0.0.1:8081",
        "http://me:se/cret@127.0.0.1:8081",
        "http://127.0.0.1:secret",
        "http://a..b",
        "http://127.0.0.1/\u00e4",
    ],
    ids=["password", "odd password", "port", "host", "path"],
)
def test_an_address_that_nobody_can_be_asked_at(address: str) -> None:
    with pytest.raises(UsageError) as refused:
        SchemaRegistry(address)
    assert "cret" not in str(refused.value)


@pytest.mark.parametrize("path", ["other", "wrong"])
def test_a_wrong_address_rejects_nothing(registry: tuple[str, list[str]], path: str) -> None:
    with pytest.raises(BrokerError, match="Is its address right"):
        decoded(SchemaRegistry(registry[0] + path), with_id(7))


def test_what_speaks_no_http_rejects_nothing() -> None:
    def answer(server: socket.socket) -> None:
        with server.accept()[0] as connection:
            connection.recv(1000)
            connection.sendall(b"-ERR wrong number of arguments\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        with pytest.raises(UnreachableError, match="does not answer"):
            decoded(SchemaRegistry(f"http://127.0.0.1:{server.getsockname()[1]}"), with_id(7))


def test_containers_of_one_record() -> None:
    assert decoded(None, container(1)) == [EXPECTED]
