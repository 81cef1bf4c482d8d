"""Requests that are wrong, large or slow: the right status, JSON that says where, and a server that lives."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server.serving import Server, serving
from tests.support.waiting import PATIENCE, until

Rows = list[dict[str, str]]
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def small(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes a megabyte, of one request a time."""
    with _limited(samples, tmp_path_factory.mktemp("small")) as found:
        yield found


@pytest.fixture(scope="module")
def hasty(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same, within five seconds."""
    with _limited(samples, tmp_path_factory.mktemp("hasty"), "--timeout", 5) as found:
        yield found


@contextlib.contextmanager
def _limited(samples: Path, folder: Path, *more: object) -> Iterator[Server]:
    words = ("--max-body", 1, "--log-requests", "--workers", 1, *more)
    with serving(folder, samples / "penguins.mojo", *words) as found:
        yield found
        assert found.get("/readyz").status == 200
        assert found.end() == 0
        assert "Traceback" not in found.log.read_text()


def test_bodies_that_are_no_rows(small: Server, rows: Rows) -> None:
    row = json.dumps(rows[0]).encode()
    lacking = {name: value for name, value in rows[0].items() if name not in ("species", "body_mass_g")}
    text = {**rows[0], "body_mass_g": "heavy"}
    cases: list[tuple[Any, str, int, str]] = [
        (b"", "application/json", 400, "no_body"),
        (b"  \n", "application/json", 400, "no_body"),
        (b"{", "application/json", 400, "malformed_content"),
        (b'[{"species": NaN}]', "application/json", 400, "malformed_content"),
        (b"<rows/>", "application/xml", 400, "unknown_format"),
        (row, "multipart/form-data; boundary=x", 415, "multipart"),
        (lacking, "application/json", 400, "missing_columns"),
        ([text, rows[1]], "application/json", 200, ""),
        (text, "application/json", 400, "bad_rows"),
        (b"species,island\nAdelie\n", "text/csv", 400, "missing_columns"),
        ({"fields": ["species"], "rows": [["Adelie", "x"]]}, "application/json", 400, "malformed_content"),
    ]
    for body, kind, status, code in cases:
        found = small.post("/score", body, kind)
        assert found.status == status, (body, found.text)
        if status != 200:
            assert set(found.json) == {"detail", "code", "row", "column"}
            assert found.json["code"] == code, found.text
    for all_bad in (text, [text, text], [text] * 100):
        found = small.post("/score", all_bad)
        assert (found.status, found.json["row"], found.json["column"]) == (400, 1, "body_mass_g")
        assert "Row 1, column body_mass_g: not_a_number. With ?bad_rows=keep" in found.json["detail"]
    for wrong, meant in (("bad_row=fail", "bad_rows"), ("Bad-Rows=fail", "bad_rows"), ("column=all", "columns")):
        found = small.post(f"/score?{wrong}", row)
        assert (found.status, found.json["code"]) == (400, "bad_request"), found.text
        assert f"Did you mean {meant}?" in found.json["detail"]
    # Such as gateways add.
    assert small.post("/score?key=abc", row).status == 200
    h2o = {"fields": list(text), "rows": [list(rows[0].values()), list(text.values())]}
    found = small.post("/model/score", h2o)
    assert (found.status, found.json["row"], found.json["column"]) == (400, 2, "body_mass_g")
    assert "heavy" not in found.text
    assert small.post("/score", row, Content_Encoding="zstd").status == 415
    # Null and an empty text are missing values.
    assert small.post("/score", {**rows[0], "body_mass_g": None, "island": ""}).status == 200


def test_paths_and_methods(small: Server) -> None:
    for path in ("/livez", "/score", "/model/score", "/models/penguins/score"):
        found = small.ask("DELETE", path)
        assert found.status == 405
        assert set(found.headers["allow"].split(", ")) <= {"GET", "HEAD", "POST"}
    assert small.get("/score").headers["allow"] == "POST"
    assert small.post("/models/other/score", {}).json["code"] == "not_found"
    # Clients of this protocol read only 'error', and learn there which models there are.
    asked = {
        "/v2/models/other/infer": ("POST", 404),
        "/v2/models/other": ("GET", 404),
        "/v2/models/penguins": ("PUT", 405),
    }
    for path, (method, status) in asked.items():
        found = small.ask(method, path)
        assert (found.status, found.json["error"]) == (status, found.json["detail"])
    assert "Models here: penguins;" in small.get("/v2/models/other").json["error"]
    # No file of the server is read, and nobody without keys has a model loaded again.
    assert small.post("/model/score?file=/etc/passwd", b"").json["code"] == "no_body"
    assert small.post("/models/penguins/reload", b"").status == 403
    head = small.ask("HEAD", "/model/id")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "20")
    assert "access-control-allow-origin" not in small.get("/readyz", Origin="http://elsewhere").headers


def test_ids_of_requests(small: Server, rows: Rows) -> None:
    assert small.post("/score", rows[0], X_Request_Id="abc-1").headers["x-request-id"] == "abc-1"
    made = [small.post("/score", rows[0], X_Request_Id="no good\t").headers["x-request-id"] for _ in range(2)]
    assert len(set(made)) == 2
    (line,) = [one for one in small.logged() if one.get("request_id") == "abc-1"]
    assert (line["path"], line["status"], line["rows"], line["model"]) == ("/score", 200, 1, "penguins")
    assert not any(rows[0]["individual_id"] in json.dumps(one) for one in small.logged())


def test_large_bodies(small: Server) -> None:
    found = small.post("/score", b"x" * (MEGABYTE + 1), "text/csv")
    assert (found.status, found.json["code"], found.headers["connection"]) == (413, "too_large", "close")
    # One that says how large it is, far too large, is not read at all.
    with _connected(small) as client:
        client.sendall(_head(small, "Content-Length: 1073741824"))
        assert _status(client) == 413
    # Nor is one that never ends kept.
    with _connected(small) as client:
        client.sendall(_head(small, "Transfer-Encoding: chunked"))
        block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            for _ in range(2000):
                client.sendall(block)
        except OSError:
            pass
    assert _memory(small) < 1200 * MEGABYTE


def test_an_early_answer_reaches_a_client_that_reads_only_after_it_has_sent_all(small: Server) -> None:
    with _connected(small) as client:
        # So large that the server answers before it.
        client.sendall(_head(small, f"Content-Length: {100 * MEGABYTE}"))
        for _ in range(100):
            client.sendall(b"x" * MEGABYTE)
        assert _status(client) == 413


def test_slow_clients(hasty: Server) -> None:
    with _connected(hasty) as client:
        client.sendall(_head(hasty, "Content-Length: 100") + b"half")
        assert _status(client) == 408
    with _connected(hasty) as client:
        client.sendall(_head(hasty, "Content-Length: 100"))
    assert hasty.get("/readyz").status == 200


def test_a_client_that_leaves_is_in_the_log(small: Server) -> None:
    with _connected(small) as client:
        client.sendall(_head(small, "Content-Length: 100\r\nX-Request-Id: left") + b"half")
    line = until(lambda: next((one for one in small.logged() if one.get("request_id") == "left"), None))
    assert (line["status"], line["path"]) == (499, "/score")


def test_a_client_that_does_not_read(hasty: Server, rows: Rows) -> None:
    body = json.dumps(rows * 10).encode()
    request = _head(hasty, f"Content-Length: {len(body)}").replace(b"text/csv", b"application/json") + body
    sent, received = 0, b""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(PATIENCE)
        host, _, port = hasty.host.partition(":")
        client.connect((host, int(port)))
        with contextlib.suppress(OSError):
            # More than the system keeps for a client that reads nothing.
            while sent < 40:
                client.sendall(request)
                sent += 1
        assert hasty.post("/score", rows[0]).status == 200
        with contextlib.suppress(OSError):
            while block := client.recv(1 << 20):
                received += block
    assert sent > 1
    # After five seconds without a byte being read, the server gave up: without that, all answers would come now.
    assert received.count(b"HTTP/1.1 200") < sent


def test_many_connections(small: Server, rows: Rows) -> None:
    clients = [_connected(small) for _ in range(500)]
    try:
        assert small.post("/score", rows[0]).status == 200
        for client in clients[::50]:
            client.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert _status(client) == 200
    finally:
        for client in clients:
            client.close()


def test_a_full_queue(samples: Path, tmp_path: Path, rows: Rows) -> None:
    many = json.dumps(rows * 40).encode()
    with serving(tmp_path, samples / "penguins.mojo", "--queue", 1) as server:
        statuses: list[int] = []

        def ask() -> None:
            for _ in range(5):
                found = server.post("/score", many)
                statuses.append(found.status)
                if found.status == 429:
                    assert (found.json["code"], found.headers["retry-after"]) == ("too_many_requests", "1")

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(statuses) == 30
        assert set(statuses) == {200, 429}
        assert server.post("/score", rows[0]).status == 200


def test_a_score_that_takes_too_long(samples: Path, tmp_path: Path, rows: Rows) -> None:
    # So small that it is sent before there is an answer: a client that still sends may lose its connection first.
    many = gzip.compress(json.dumps(rows * 100).encode())
    with serving(tmp_path, samples / "penguins.mojo", "--timeout", 0.05) as server:
        found = server.post("/score", many, Content_Encoding="gzip")
        # On a slow machine the body alone takes that long.
        assert (found.status, found.json["code"]) in ((504, "timeout"), (408, "body_timeout"))
        assert server.get("/readyz").status == 200


def _connected(server: Server) -> socket.socket:
    host, _, port = server.host.partition(":")
    return socket.create_connection((host, int(port)), PATIENCE)


def _head(server: Server, more: str) -> bytes:
    return f"POST /score HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: text/csv\r\n{more}\r\n\r\n".encode()


def _status(client: socket.socket) -> int:
    return int(client.recv(65536).split()[1])


def _memory(server: Server) -> int:
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) << 10
