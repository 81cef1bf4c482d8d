"""Events as AWS sends them to a function for a request of HTTP."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode


def _carried(body: str | bytes) -> dict[str, Any]:
    if isinstance(body, bytes):
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return {"body": body or None, "isBase64Encoded": False}


def rest(
    body: str | bytes = "",
    path: str = "/score",
    method: str = "POST",
    query: Mapping[str, str] | None = None,
    **headers: str,
) -> dict[str, Any]:
    """Of API Gateway's REST API (payload 1.0), with a resource for every path and the stage ``test``."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": named or None,
        "multiValueHeaders": {name: [value] for name, value in named.items()} or None,
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {"stage": "test", "path": f"/test{path}", "httpMethod": method, "protocol": "HTTP/1.1"},
        **_carried(body),
    }


def http(
    body: str | bytes = "",
    path: str = "/score",
    method: str = "POST",
    query: Mapping[str, str] | None = None,
    stage: str = "$default",
    **headers: str,
) -> dict[str, Any]:
    """Of API Gateway's HTTP API (payload 2.0), and of function URLs."""
    at = path if stage == "$default" else f"/{stage}{path}"
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": at,
        "rawQueryString": urlencode(query or {}),
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        **({"queryStringParameters": dict(query)} if query else {}),
        "requestContext": {"http": {"method": method, "path": at, "protocol": "HTTP/1.1"}, "stage": stage},
        **_carried(body),
    }


def load_balancer(
    body: str | bytes = "", path: str = "/score", query: Mapping[str, str] | None = None, **headers: str
) -> dict[str, Any]:
    """Of an Application Load Balancer that sends lists of values."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/1"}},
        "httpMethod": "POST",
        "path": path,
        "multiValueQueryStringParameters": {quote(name): [quote(value)] for name, value in (query or {}).items()},
        "multiValueHeaders": {name.replace("_", "-"): [value] for name, value in headers.items()},
        **_carried(body),
    }
