"""RabbitMQ, by pika: queues to queues. The scores of a batch are one transaction; then their messages are acknowledged.

Both in one transaction would lose messages: RabbitMQ tells only afterwards that it had no queue for a score.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pika
import pika.exceptions

from dai_routes.stream.addresses import without_password
from dai_routes.stream.contract import Message, Result
from dai_routes.stream.errors import BrokerError, NotSettledError, UnreachableError

SOURCE_ID = "dai-source-id"
"""The header of a scored message with the message id of the incoming one, if that has one."""
_COUNT = "x-delivery-count"
"""How often a quorum queue has delivered a message before."""
_DURABLE = 2
_PAUSE = 0.5

# It logs each error that it raises too, with the address.
logging.getLogger("pika").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class RabbitSettings:
    """The queues, which must exist, and how to connect. ``most`` is how many messages are fetched in advance."""

    url: str
    queue: str
    output: str
    rejected: str
    most: int
    timeout: float = 60.0


class RabbitMQ:
    """One connection with one channel; see :class:`dai_routes.stream.contract.Broker`."""

    def __init__(self, settings: RabbitSettings) -> None:
        self._settings = settings
        self._waiting: list[tuple[Any, Any, bytes]] = []
        self._returned: list[str] = []
        self._connect()

    def receive(self, most: int, seconds: float) -> list[Message]:
        """As :meth:`Broker.receive`."""
        end = time.monotonic() + seconds
        with self._errors():
            while True:
                # Takes all that has arrived; returns at once if there is something.
                self._connection.process_data_events(0 if self._waiting else max(0.0, end - time.monotonic()))
                if self._waiting or time.monotonic() >= end:
                    break
        found, self._waiting = self._waiting[:most], self._waiting[most:]
        return [self._message(*one) for one in found]

    def source(self, message: Message) -> Mapping[str, Any]:
        """As :meth:`Broker.source`."""
        return {"queue": self._settings.queue, "message_id": message.handle[1].message_id}

    def settle(self, results: Sequence[Result]) -> None:
        """As :meth:`Broker.settle`."""
        settings, publishing = self._settings, self._publishing
        with self._errors():
            for result in results:
                target = settings.output if result.reject_code is None else settings.rejected
                # To the default exchange, which has a route to each queue by its name.
                publishing.basic_publish("", target, result.contents, _properties(result), mandatory=True)
            publishing.tx_commit()
            # Scores without a queue came back before the answer; here they are given to the callback.
            self._connection.process_data_events(0)
            if self._returned:
                raise BrokerError(f"RabbitMQ has no queue {self._returned[0]} any more. Nothing is lost.")
            self._channel.basic_ack(results[-1].message.handle[0], multiple=True)

    def is_caught_up(self) -> bool:
        """As :meth:`Broker.is_caught_up`."""
        with self._errors():
            found = self._channel.queue_declare(self._settings.queue, passive=True)
        return not self._waiting and found.method.message_count == 0

    def close(self) -> None:
        """As :meth:`Broker.close`: the broker gives what was not settled to others."""
        with suppress(pika.exceptions.AMQPError):
            self._connection.close()

    def _connect(self) -> None:
        settings = self._settings
        parameters = pika.URLParameters(settings.url)
        parameters.socket_timeout = parameters.stack_timeout = min(10.0, settings.timeout)
        if (file := os.environ.get("DAI_RABBITMQ_CA_FILE")) and settings.url.startswith("amqps"):
            parameters.ssl_options = pika.SSLOptions(ssl.create_default_context(cafile=file), parameters.host)
        end = time.monotonic() + settings.timeout
        while True:
            try:
                self._connection = pika.BlockingConnection(parameters)
                break
            except (pika.exceptions.ProbableAuthenticationError, pika.exceptions.ProbableAccessDeniedError) as error:
                where = without_password(settings.url)
                raise UnreachableError(f"RabbitMQ at {where} refuses the credentials or the virtual host.") from error
            except (pika.exceptions.AMQPError, OSError) as error:
                if time.monotonic() > end:
                    raise UnreachableError(f"No RabbitMQ answers at {without_password(settings.url)}.") from error
                time.sleep(_PAUSE)
        self._channel, self._publishing = self._connection.channel(), self._connection.channel()
        with self._errors():
            for queue in (settings.queue, settings.output, settings.rejected):
                self._channel.queue_declare(queue, passive=True)
            self._publishing.tx_select()
            self._publishing.add_on_return_callback(
                lambda _, method, __, ___: self._returned.append(method.routing_key)
            )
            self._channel.basic_qos(prefetch_count=min(settings.most, 65535))
            self._channel.basic_consume(settings.queue, self._take)

    def _take(self, _: object, method: Any, properties: Any, body: bytes) -> None:
        self._waiting.append((method, properties, body))

    def _message(self, method: Any, properties: Any, body: bytes) -> Message:
        headers: Mapping[str, Any] = properties.headers or {}
        # Only a quorum queue counts; of another only this is known, that it was delivered before.
        deliveries = int(headers.get(_COUNT, 1 if method.redelivered else 0)) + 1
        return Message(body, None, properties, deliveries, (method.delivery_tag, properties))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Connect again if the connection was lost, and translate what the broker refuses."""
        try:
            yield
        except pika.exceptions.ChannelClosedByBroker as error:
            raise BrokerError(f"RabbitMQ refuses something: {error.reply_text}.") from error
        except (pika.exceptions.AMQPError, OSError) as error:
            # All that was not settled is delivered again.
            self._waiting.clear()
            self._connect()
            raise NotSettledError(f"The connection was lost ({type(error).__name__}); messages come again.") from error


def _properties(result: Result) -> Any:
    """The properties of the incoming message, and what is added."""
    given = result.message.handle[1]
    headers = {name: value for name, value in (given.headers or {}).items() if name != _COUNT}
    if given.message_id is not None:
        headers[SOURCE_ID] = given.message_id
    return pika.BasicProperties(
        content_type="application/json",
        headers={**headers, **result.headers},
        delivery_mode=_DURABLE,
        priority=given.priority,
        correlation_id=given.correlation_id or given.message_id,
        message_id=given.message_id,
        timestamp=given.timestamp,
        type=given.type,
        app_id=given.app_id,
    )
