"""Traces of requests, received by a server of OpenTelemetry's own protocol."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.server.serving import serving


@contextmanager
def _collector() -> Iterator[tuple[str, list[Any]]]:
    """An address, and the spans that were sent to it, each with its resource."""
    spans: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for of in ExportTraceServiceRequest.FromString(body).resource_spans:
                spans.extend((of.resource, span) for scope in of.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{receiver.server_port}", spans
        finally:
            receiver.shutdown()
            thread.join()


def _of(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def test_each_request_is_a_span(samples: Path, tmp_path: Path, rows: list[dict[str, str]]) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with _collector() as (address, spans):
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_SERVICE_NAME": "birds"}
        with serving(tmp_path, samples / "penguins.mojo", "--trace", environment=environment) as server:
            assert server.post("/score", rows[0], Traceparent=f"00-{trace}-{parent}-01").status == 200
            assert server.post("/score", b"").status == 400
            assert server.get("/secret-of-a-client").status == 404
            # What is left is sent at the end.
            assert server.end() == 0
    scored, empty, unknown = [span for _, span in spans]
    assert {_of(resource.attributes)["service.name"] for resource, _ in spans} == {"birds"}
    assert (scored.name, scored.trace_id.hex(), scored.parent_span_id.hex()) == ("POST /score", trace, parent)
    assert _of(scored.attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/score",
        "url.scheme": "http",
        "dai.model": "penguins",
    }
    assert [_of(span.attributes)["http.response.status_code"] for span in (empty, unknown)] == [400, 404]
    assert unknown.name == "GET"
    assert "secret" not in str(unknown)
    assert rows[0]["individual_id"] not in str(spans)
