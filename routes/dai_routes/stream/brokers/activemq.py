"""ActiveMQ, by STOMP and stomp.py: queues to queues. Scores and acknowledgements are one transaction of the broker."""

from __future__ import annotations

import logging
import os
import queue
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import stomp
from stomp.exception import StompException

from dai_routes.stream.addresses import without_password
from dai_routes.stream.contract import Message, Result
from dai_routes.stream.errors import BrokerError, NotSettledError, UnreachableError

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
_BEATS = (10_000, 10_000)
_PAUSE = 0.5
_QUIET_SECONDS = 5.0
_SUBSCRIPTION = "dai-score"

# It logs what it raises too.
logging.getLogger("stomp.py").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class ActiveSettings:
    """The queues, and how to connect. ``most`` messages are a batch. ``timeout`` is in seconds."""

    url: str
    queue: str
    output: str
    rejected: str
    most: int
    timeout: float = 60.0


class _Frames(stomp.ConnectionListener):  # type: ignore[misc]
    """Puts what arrives, in stomp.py's own thread, into queues."""

    def __init__(self) -> None:
        self.messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def on_message(self, frame: Any) -> None:
        self.messages.put(frame)

    def on_receipt(self, frame: Any) -> None:
        self.answers.put(("receipt", frame.headers["receipt-id"]))

    def on_error(self, frame: Any) -> None:
        self.answers.put(("error", frame.headers.get("message", "no reason is given")))

    def on_disconnected(self) -> None:
        self.answers.put(("lost", ""))
        self.messages.put(None)


class ActiveMQ:
    """One connection with one subscription; see :class:`dai_routes.stream.contract.Broker`."""

    def __init__(self, settings: ActiveSettings) -> None:
        self._settings = settings
        self._numbers = 0
        self._connect()

    def receive(self, most: int, seconds: float) -> list[Message]:
        """As :meth:`Broker.receive`."""
        waiting = self._frames.messages
        found: list[Any] = []
        with suppress(queue.Empty):
            found.append(waiting.get(timeout=seconds))
            while len(found) < most:
                found.append(waiting.get_nowait())
        if found:
            self._quiet_since = time.monotonic()
        if None in found:
            raise self._lost()
        return [self._message(frame) for frame in found]

    def source(self, message: Message) -> Mapping[str, Any]:
        """As :meth:`Broker.source`."""
        return {"queue": self._settings.queue, "message_id": message.handle["message-id"]}

    def settle(self, results: Sequence[Result]) -> None:
        """As :meth:`Broker.settle`."""
        settings = self._settings
        self._numbers += 1
        transaction = f"{self._name}-{self._numbers}"
        try:
            self._connection.begin(transaction)
            for result in results:
                target = settings.output if result.reject_code is None else settings.rejected
                headers = {**_headers(result), "transaction": transaction}
                self._connection.send(f"/queue/{target}", result.contents, "application/json", headers)
            # This acknowledges the messages before it too.
            self._connection.ack(results[-1].message.handle["ack"], transaction=transaction)
            self._connection.send_frame("COMMIT", {"transaction": transaction, "receipt": transaction})
        except (StompException, OSError) as error:
            raise self._lost() from error
        self._wait_for(transaction)

    def is_caught_up(self) -> bool:
        """As :meth:`Broker.is_caught_up`. STOMP does not tell whether a queue is empty: no message came for a while."""
        return time.monotonic() - self._quiet_since >= _QUIET_SECONDS

    def close(self) -> None:
        """As :meth:`Broker.close`: the broker gives what was not settled to others."""
        with suppress(StompException, OSError):
            self._connection.disconnect()

    def _connect(self) -> None:
        settings = self._settings
        parts = urlsplit(settings.url)
        self._name = uuid.uuid4().hex[:12]
        end = time.monotonic() + settings.timeout
        while True:
            self._frames = _Frames()
            connection = stomp.Connection12(
                [(parts.hostname, parts.port or 61613)],
                heartbeats=_BEATS,
                auto_decode=False,
                # With a length, ActiveMQ would make messages of bytes, and not of text.
                auto_content_length=False,
                reconnect_attempts_max=1,
                timeout=min(10.0, settings.timeout),
            )
            if parts.scheme == "stomp+ssl":
                host = (parts.hostname, parts.port or 61614)
                connection.set_ssl([host], ca_certs=os.environ.get("DAI_ACTIVEMQ_CA_FILE"))
            connection.set_listener("", self._frames)
            try:
                user, password = (None if one is None else unquote(one) for one in (parts.username, parts.password))
                connection.connect(user, password, wait=True)
                break
            except (StompException, OSError) as error:
                where = without_password(settings.url)
                if (said := self._said()) is not None:
                    raise UnreachableError(f"ActiveMQ at {where} refuses the connection: {said}.") from error
                if time.monotonic() > end:
                    raise UnreachableError(f"No ActiveMQ answers at {where}.") from error
                time.sleep(_PAUSE)
        self._connection = connection
        # The broker sends no more than this before messages are acknowledged. It may send less, 200 by default, so a
        # batch must never wait until it is full.
        more = {"activemq.prefetchSize": str(2 * settings.most)}
        self._quiet_since = time.monotonic()
        connection.subscribe(f"/queue/{settings.queue}", _SUBSCRIPTION, "client", headers=more)

    def _said(self) -> str | None:
        """What the broker has said of an error."""
        with suppress(queue.Empty):
            while True:
                kind, text = self._frames.answers.get_nowait()
                if kind == "error":
                    return text
        return None

    def _wait_for(self, receipt: str) -> None:
        end = time.monotonic() + self._settings.timeout
        while True:
            try:
                kind, text = self._frames.answers.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise UnreachableError("ActiveMQ does not answer to a commit. Nothing is lost.") from None
            if kind == "error":
                raise BrokerError(f"ActiveMQ refuses something: {text}.")
            if kind == "lost":
                raise self._lost()
            if text == receipt:
                return

    def _lost(self) -> BrokerError:
        """Connect again; what was not settled is delivered again."""
        if (said := self._said()) is not None:
            return BrokerError(f"ActiveMQ refuses something: {said}.")
        self.close()
        self._connect()
        return NotSettledError("The connection to ActiveMQ was lost; messages come again.")

    def _message(self, frame: Any) -> Message:
        headers = frame.headers
        deliveries = 2 if headers.get("redelivered") == "true" else 1
        body = frame.body if isinstance(frame.body, bytes) else frame.body.encode()
        return Message(body, None, None, deliveries, headers)


def _headers(result: Result) -> dict[str, str]:
    """The headers of the incoming message that are not of its delivery, and what is added."""
    given = result.message.handle
    kept = {name: text for name, text in given.items() if name not in _OF_DELIVERY}
    number = given["message-id"]
    return {
        "correlation-id": number,
        **kept,
        **result.headers,
        SOURCE_ID: number,
        "persistent": "true",
    }
