"""Converts events of API Gateway (REST and HTTP), function URLs and load balancers to HTTP requests, and back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

from dai_routes.platforms.lambda_limits import MOST_BYTES, MOST_TO_LOAD_BALANCER, is_too_large, too_large
from dai_routes.platforms.requests import scored_at
from dai_scoring.service import HttpRequest, HttpResponse

_DEFAULT_STAGE = "$default"


def is_http(event: Any) -> bool:
    """Whether an event is an HTTP request, and not a direct call of the function."""
    if not isinstance(event, Mapping) or not isinstance(event.get("requestContext"), Mapping):
        return False
    return "httpMethod" in event or isinstance(event["requestContext"].get("http"), Mapping)


def read(event: Mapping[str, Any]) -> HttpRequest:
    """The request in an event. Raises ValueError if isBase64Encoded is set and the body is not base64."""
    context = event["requestContext"]
    if "httpMethod" in event:
        method, path = event["httpMethod"], event.get("path") or "/"
    else:
        method, path = context["http"]["method"], event.get("rawPath") or context["http"].get("path") or "/"
    headers = _last(event, "headers", "multiValueHeaders")
    query = _last(event, "queryStringParameters", "multiValueQueryStringParameters")
    if "elb" in context:  # a load balancer leaves the query as it was sent
        query = {unquote_plus(name): unquote_plus(value) for name, value in query.items()}
    body = _body(event)
    return HttpRequest(method, scored_at(_path(event, path), body), query, headers, body)


def _last(event: Mapping[str, Any], single: str, several: str) -> dict[str, str]:
    """Headers or parameters. If one was sent more than once, the last value counts."""
    lists = {name: values[-1] for name, values in (event.get(several) or {}).items() if values}
    return {**lists, **(event.get(single) or {})}


def _path(event: Mapping[str, Any], path: str) -> str:
    """The path without the prefix of the gateway: the base path of a domain, and the stage."""
    proxied = (event.get("pathParameters") or {}).get("proxy")
    if proxied:
        return f"/{proxied}"
    # The path that the gateway was given for this function, in a REST API or an HTTP API.
    named = str(event.get("resource") or str(event.get("routeKey") or "").partition(" ")[2])
    if named.startswith("/") and "{" not in named:
        return named
    stage = event["requestContext"].get("stage")
    # Events of an HTTP API have a version, whichever of the two it is, and their stage is in the path.
    if "version" in event and stage and stage != _DEFAULT_STAGE and f"{path}/".startswith(f"/{stage}/"):
        return path[len(stage) + 1 :] or "/"
    return path


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValueError("The body of the event is no base64, and isBase64Encoded says that it is.") from error


def write(event: Mapping[str, Any], response: HttpResponse) -> dict[str, Any]:
    """The value that the function returns for a response. Text is unchanged, binary contents are in base64."""
    content = response.body if isinstance(response.body, bytes) else response.body.read_bytes()
    body = content.decode() if response.is_text else base64.b64encode(content).decode()
    most = MOST_TO_LOAD_BALANCER if "elb" in event["requestContext"] else MOST_BYTES
    if is_too_large(body, len(content), most):
        return write(event, too_large(most))
    headers = dict(response.headers)
    reply: dict[str, Any] = {"statusCode": response.status, "body": body, "isBase64Encoded": not response.is_text}
    # A load balancer that sends lists of headers accepts only lists.
    if "multiValueHeaders" in event and "headers" not in event:
        reply["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    else:
        reply["headers"] = headers
    if "elb" in event["requestContext"]:
        reply["statusDescription"] = f"{response.status} {HTTPStatus(response.status).phrase}"
    return reply
