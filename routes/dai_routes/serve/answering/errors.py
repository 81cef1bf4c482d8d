"""Errors of the server itself, each with a code and a status for the client."""

from __future__ import annotations

from dai_scoring.errors import RequestError


class QueueFullError(RequestError):
    """Too many requests are waiting."""

    code = "too_many_requests"
    http_status = 429

    def __init__(self) -> None:
        super().__init__("more requests wait here than this server takes. Send it again in a moment.")


class SlowBodyError(RequestError):
    """The body did not arrive in time."""

    code = "body_timeout"
    http_status = 408

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the body was not here within {seconds:g} seconds.")


class SlowScoringError(RequestError):
    """There was no score in time."""

    code = "timeout"
    http_status = 504

    def __init__(self, seconds: float) -> None:
        super().__init__(f"there was no answer within {seconds:g} seconds. Send fewer rows at once.")


class KeyMissingError(RequestError):
    """The request has no key that the server knows."""

    code = "unauthorized"
    http_status = 401

    def __init__(self) -> None:
        super().__init__("send a key that this server knows, as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'.")


class NoKeysError(RequestError):
    """The request needs a key, but the server was started without keys."""

    code = "forbidden"
    http_status = 403

    def __init__(self) -> None:
        super().__init__(
            "this server was started without --api-key-file, so nobody may do that over HTTP: send it SIGHUP."
        )


class NoPathError(RequestError):
    """The path does not exist."""

    code = "not_found"
    http_status = 404

    def __init__(self, models: list[str]) -> None:
        super().__init__(
            f"there is nothing at this path. Models here: {', '.join(models)}; POST rows to /models/NAME/score. "
            "GET /docs lists all paths."
        )


class MethodError(RequestError):
    """The path does not take this method; ``allowed`` has those that it takes."""

    code = "method_not_allowed"
    http_status = 405

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"this path takes {', '.join(allowed)} alone.")
        self.allowed = allowed
