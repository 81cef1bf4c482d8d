"""Traces of requests, sent by OpenTelemetry: a span for each, with its path, its status and its model, and no values.

The usual variables say where they go and as what, such as OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME. A request
that brings a traceparent header continues that trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from dai_routes.serve.answering.app import App, Send
from dai_routes.serve.answering.receiving import Message, Receive
from dai_routes.serve.answering.routing import Routes

_SERVICE = "dai-score"


class Tracing:
    """An ASGI application that traces the requests of another one. :meth:`close` sends what is left."""

    def __init__(self, app: App, routes: Routes) -> None:
        self._app = app
        self._routes = routes
        # The detector reads the variables, and so takes precedence.
        resource = Resource.create({"service.name": _SERVICE}).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(_SERVICE)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request within a span."""
        route = self._routes.get(scope["path"])
        # Not the path itself where there is no route: a client may write anything there.
        attributes: dict[str, Any] = {"http.request.method": scope["method"], "url.scheme": scope["scheme"]}
        if route is not None:
            attributes |= {"http.route": route.template, "dai.model": route.model}
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        name = scope["method"] if route is None else f"{scope['method']} {route.template}"
        with self._tracer.start_as_current_span(
            name, propagate.extract(headers), trace.SpanKind.SERVER, attributes, record_exception=False
        ) as span:

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(trace.StatusCode.ERROR)
                await send(message)

            await self._app(scope, receive, noting)

    def close(self) -> None:
        """Send the spans that wait."""
        self._provider.shutdown()
