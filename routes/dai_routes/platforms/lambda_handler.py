"""The handler for all kinds of Lambda events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dai_routes.platforms import lambda_direct, lambda_http
from dai_routes.platforms.errors import error
from dai_scoring.service import ScoringService


def handler_of(service: ScoringService) -> Callable[[Any, Any], Any]:
    """The handler that answers events with the service's model."""

    def handle(event: Any, context: Any = None) -> Any:
        """Answer an event of API Gateway, a function URL or a load balancer, or a direct call."""
        if not lambda_http.is_http(event):
            return lambda_direct.answer(event, service.respond_http)
        try:
            request = lambda_http.read(event)
        except ValueError as wrong:
            return lambda_http.write(event, error(400, "malformed_content", str(wrong)))
        return lambda_http.write(event, service.respond_http(request))

    return handle
