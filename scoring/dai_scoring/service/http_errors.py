"""Errors for HTTP requests that are not scored at all, each with a code, a status and a text for the sender."""

from __future__ import annotations

from collections.abc import Sequence

from dai_scoring.errors import RequestError

HINT = "POST rows to /score as a JSON array, a JSON object, JSON lines or CSV with a header."
"""What to do instead."""


class NoBodyError(RequestError):
    """There are no rows."""

    code = "no_body"

    def __init__(self) -> None:
        super().__init__(f"The request has no body. {HINT}")


class NotFoundError(RequestError):
    """Nothing is at the path."""

    code = "not_found"
    http_status = 404

    def __init__(self, path: str) -> None:
        super().__init__(f"There is nothing at {path}. {HINT}")


class MethodNotAllowedError(RequestError):
    """The path takes other methods, which ``allowed`` has."""

    code = "method_not_allowed"
    http_status = 405

    def __init__(self, method: str, path: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{method} is not possible at {path}. {HINT}")
        self.allowed = tuple(allowed)


class MultipartError(RequestError):
    """The rows are one part of a multipart body."""

    code = "multipart"
    http_status = 415

    def __init__(self) -> None:
        super().__init__(f"multipart is not read: send the rows as the body itself. {HINT}")


class ContentEncodingError(RequestError):
    """The body is compressed in an unknown way."""

    code = "content_encoding"
    http_status = 415

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__(f"the Content-Encoding of a body is one of {', '.join(known)}, or there is none.")


class NotAcceptableError(RequestError):
    """The header Accept names no format in which scores can be written."""

    code = "not_acceptable"
    http_status = 406

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__(
            f"the header Accept names none of {', '.join(known)}. Leave it out for the format of the rows."
        )


class TooLargeError(RequestError):
    """The body has more bytes than the service takes."""

    code = "too_large"
    http_status = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"the body is larger than {most:,} bytes. Send fewer rows at once.")
