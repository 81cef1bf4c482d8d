"""ActiveMQ, by STOMP and stomp.py: queues to queues.

With ActiveMQ Classic, scores and acknowledgements are one transaction of the broker. Artemis acknowledges at once,
whatever transaction an ACK names (its manual, "STOMP", limitations): there a message is acknowledged after its score is
published, and a score that is published again is dropped by the broker.
"""

from __future__ import annotations

import logging
import queue
import ssl
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import stomp
from stomp.exception import StompException

from dai_routes.stream import tls
from dai_routes.stream.addresses import without_password
from dai_routes.stream.brokers.activemq_headers import headers_of
from dai_routes.stream.contract import Message, Result
from dai_routes.stream.errors import BrokerError, NotSettledError, UnreachableError
from dai_routes.stream.stop import Stop

CA_FILE = "DAI_ACTIVEMQ_CA_FILE"
"""The environment variable that names the file of the authority of the broker's certificate."""
_CLASSIC = "ActiveMQ/"
"""How ActiveMQ Classic names itself, before its version."""
_ARTEMIS = "ActiveMQ-Artemis/"
_DUPLICATE_ID = "_AMQ_DUPL_ID"
"""Artemis drops a message whose id is among the last that it has seen for the queue: 20,000, if not set otherwise."""
_PORT, _TLS_PORT = 61613, 61614
_BEATS = (10_000, 10_000)
_PAUSE = 0.5
_CONNECT_SECONDS = 10.0
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
        self.server = ""

    def on_connected(self, frame: Any) -> None:
        self.server = frame.headers.get("server", "")
        self.answers.put(("connected", ""))

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

    def __init__(self, settings: ActiveSettings, stop: Stop) -> None:
        self._settings = settings
        self._stop = stop
        self._numbers = 0
        self._is_quiet, self._quiet_since = False, 0.0
        self._connect()

    def receive(self, most: int, seconds: float) -> list[Message]:
        """As :meth:`Broker.receive`."""
        waiting = self._frames.messages
        found: list[Any] = []
        with suppress(queue.Empty):
            found.append(waiting.get(timeout=seconds))
            while len(found) < most:
                found.append(waiting.get_nowait())
        self._is_quiet = self._is_quiet and not found
        if None in found:
            raise self._lost()
        return [self._message(frame) for frame in found]

    def source(self, message: Message) -> Mapping[str, Any]:
        """As :meth:`Broker.source`."""
        return {"queue": self._settings.queue, "message_id": self._id(message)}

    def settle(self, results: Sequence[Result]) -> Sequence[Result]:
        """As :meth:`Broker.settle`."""
        number = self._new_number()
        try:
            if self._acknowledges_in_transactions:
                self._settle_in_transaction(results, number)
            else:
                self._settle_one_by_one(results, number)
        except (StompException, OSError) as error:
            raise self._lost() from error
        return results

    def _new_number(self) -> str:
        self._numbers += 1
        return f"{self._name}-{self._numbers}"

    def _settle_in_transaction(self, results: Sequence[Result], transaction: str) -> None:
        self._connection.begin(transaction)
        for result in results:
            self._send(result, {"transaction": transaction})
        self._acknowledge(results, transaction=transaction)
        self._end("COMMIT", transaction)

    def _end(self, command: str, transaction: str) -> None:
        self._connection.send_frame(command, {"transaction": transaction, "receipt": transaction})
        self._wait_for(transaction)

    def _settle_one_by_one(self, results: Sequence[Result], receipt: str) -> None:
        last = results[-1]
        for result in results:
            more = {_DUPLICATE_ID: f"{self._settings.queue} {self._id(result.message)}"}
            self._send(result, {**more, "receipt": receipt} if result is last else more)
        # The broker answers in order, so all of them are stored then.
        self._wait_for(receipt)
        self._acknowledge(results)

    def _send(self, result: Result, headers: Mapping[str, str]) -> None:
        target = self._settings.output if result.reject_code is None else self._settings.rejected
        given = headers_of(result, self._id(result.message))
        self._connection.send(f"/queue/{target}", result.contents, "application/json", {**given, **headers})

    def _acknowledge(self, results: Sequence[Result], **more: str) -> None:
        # This acknowledges the messages before it too.
        self._connection.ack(results[-1].message.handle["ack"], **more)

    def _id(self, message: Message) -> str:
        """The id of a message, the same in each delivery. With Artemis, message-id is that of the consumer, then it."""
        number: str = message.handle["message-id"]
        return number.rpartition(",")[2] if self._frames.server.startswith(_ARTEMIS) else number

    def is_caught_up(self) -> bool:
        """As :meth:`Broker.is_caught_up`. STOMP does not tell whether a queue is empty: no message came for a while."""
        if not self._is_quiet:
            # A busy broker may not have begun to send: the time without a message begins with its answer.
            number = self._new_number()
            try:
                self._connection.begin(number)
                self._end("ABORT", number)
            except (StompException, OSError) as error:
                raise self._lost() from error
            self._is_quiet, self._quiet_since = True, time.monotonic()
        return time.monotonic() - self._quiet_since >= _QUIET_SECONDS

    def close(self) -> None:
        """As :meth:`Broker.close`: the broker gives what was not settled to others."""
        with suppress(StompException, OSError):
            self._connection.disconnect()

    def _connect(self) -> None:
        settings = self._settings
        parts = urlsplit(settings.url)
        is_tls = parts.scheme == "stomp+ssl"
        address = (parts.hostname or "", parts.port or (_TLS_PORT if is_tls else _PORT))
        file = tls.authority(CA_FILE) if is_tls else None
        self._name = uuid.uuid4().hex[:12]
        end = time.monotonic() + settings.timeout
        while True:
            self._frames = _Frames()
            connection = stomp.Connection12(
                [address],
                heartbeats=_BEATS,
                auto_decode=False,
                # With a length, ActiveMQ would make messages of bytes, and not of text.
                auto_content_length=False,
                reconnect_attempts_max=1,
                timeout=min(_CONNECT_SECONDS, settings.timeout),
            )
            if is_tls:
                # Of the versions of ssl only this one compares the certificate with the host's name.
                connection.set_ssl([address], ca_certs=file, ssl_version=ssl.PROTOCOL_TLS_CLIENT)
            connection.set_listener("", self._frames)
            try:
                user, password = (None if one is None else unquote(one) for one in (parts.username, parts.password))
                connection.connect(user, password)
                self._wait_until_connected()
                break
            except (StompException, OSError) as error:
                connection.transport.stop()
                where = without_password(settings.url)
                if (said := self._said()) is not None:
                    raise UnreachableError(f"ActiveMQ at {where} refuses the connection: {said}.") from error
                if is_tls and (why := tls.refusal(address, file, settings.timeout)) is not None:
                    raise tls.failure(why, f"ActiveMQ at {where}", CA_FILE) from error
                if not is_tls and tls.is_spoken(address):
                    raise tls.is_wanted(f"ActiveMQ at {where}", "stomp+ssl") from error
                if time.monotonic() > end:
                    hint = tls.of_silence(address, "stomp") if is_tls else tls.of_port(address, f"STOMP ({_PORT})")
                    raise UnreachableError(f"No ActiveMQ answers at {where}.{hint}") from error
                self._stop.pause(_PAUSE)
        self._connection = connection
        self._acknowledges_in_transactions = self._frames.server.startswith(_CLASSIC)
        # The broker sends no more than this before messages are acknowledged. It may send less, 200 by default, so a
        # batch must never wait until it is full.
        more = {"activemq.prefetchSize": str(2 * settings.most)}
        self._is_quiet = False
        connection.subscribe(f"/queue/{settings.queue}", _SUBSCRIPTION, "client", headers=more)

    def _wait_until_connected(self) -> None:
        """Raise OSError if the broker does not accept the connection; what it said is left in the queue of answers."""
        # stomp.py itself would wait without end for something that is no broker, or no longer answers.
        try:
            answer = self._frames.answers.get(timeout=min(_CONNECT_SECONDS, self._settings.timeout))
        except queue.Empty:
            raise TimeoutError from None
        if answer[0] != "connected":
            self._frames.answers.put(answer)
            raise ConnectionError

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
                raise UnreachableError(
                    "ActiveMQ does not say that it has stored the scores. Nothing is lost."
                ) from None
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
