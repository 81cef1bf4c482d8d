"""The headers of a scored message of ActiveMQ: those of the incoming one."""

from __future__ import annotations

from dai_routes.stream.contract import Result

SOURCE_ID = "dai-source-id"
"""The header of a scored message with the message id of the incoming one."""
_OF_DELIVERY = frozenset(
    {
        "ack",
        "content-length",
        "destination",
        "expires",
        "message-id",
        "persistent",
        "priority",
        "receipt",
        "redelivered",
        "subscription",
        "timestamp",
        "transaction",
        "transformation",
    }
)
"""Headers that the broker sets itself."""
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", ":": r"\c"})
"""As STOMP 1.2 writes these in the name of a header. stomp.py does so only in its value."""


def headers_of(result: Result, number: str) -> dict[str, str]:
    """The headers of the incoming message, whose id is ``number``, that are not of its delivery, and what is added."""
    given = result.message.handle
    kept = {name.translate(_ESCAPES): text for name, text in given.items() if name not in _OF_DELIVERY}
    return {
        "correlation-id": number,
        **kept,
        **dict(result.headers),
        SOURCE_ID: number,
        "persistent": "true",
    }
