"""RabbitMQ, by pika: queues to queues. RabbitMQ confirms the scores of a batch; then their messages are acknowledged.

Its transactions would not help: they are not atomic if a server dies, and lose a score that has no queue.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pika
import pika.exceptions

from dai_routes.stream import tls
from dai_routes.stream.addresses import without_password
from dai_routes.stream.brokers import rabbitmq_headers
from dai_routes.stream.brokers.rabbitmq_connection import Connection, NoQueueError, Publisher
from dai_routes.stream.contract import Message, Result
from dai_routes.stream.errors import BrokerError, NotSettledError, UnreachableError
from dai_routes.stream.stop import Stop

SOURCE_ID = "dai-source-id"
"""The header of a scored message with the message id of the incoming one, if that has one."""
CA_FILE = "DAI_RABBITMQ_CA_FILE"
_COUNT = "x-delivery-count"
"""How often a quorum queue has delivered a message before."""
_NOT_KEPT = frozenset({_COUNT, "CC", "BCC"})
"""RabbitMQ would send a score also to the queues that CC and BCC name, which are those of the incoming message."""
_DURABLE = 2
_NOT_FOUND = 404
_ADVICE = "Give them in DAI_RABBITMQ_URL: amqp://USER:PASSWORD@HOST:PORT/VHOST."
_PAUSE = 0.5

rabbitmq_headers.keep_values()


@dataclass(frozen=True)
class RabbitSettings:
    """The queues, which must exist, and how to connect. ``most`` messages are a batch."""

    url: str
    queue: str
    output: str
    rejected: str
    most: int
    timeout: float = 60.0


class RabbitMQ:
    """One connection with one channel; see :class:`dai_routes.stream.contract.Broker`."""

    def __init__(self, settings: RabbitSettings, stop: Stop) -> None:
        self._settings = settings
        self._stop = stop
        self._waiting: list[tuple[Any, Any, bytes]] = []
        self._is_cancelled = False
        self._connect()

    def receive(self, most: int, seconds: float) -> list[Message]:
        """As :meth:`Broker.receive`."""
        with self._errors():
            self._connection.wait(lambda: bool(self._waiting) or self._is_cancelled, seconds)
            # And what has arrived with it.
            before = 0
            while before < len(self._waiting) < most:
                before = len(self._waiting)
                self._connection.wait(lambda: len(self._waiting) >= most, 0)
        if self._is_cancelled:
            raise _gone(self._settings.queue)
        found, self._waiting = self._waiting[:most], self._waiting[most:]
        return [self._message(*one) for one in found]

    def source(self, message: Message) -> Mapping[str, Any]:
        """As :meth:`Broker.source`."""
        number = message.handle[1].message_id
        if isinstance(number, bytes):  # pika's, if it is not UTF-8
            number = number.decode(errors="backslashreplace")
        return {"queue": self._settings.queue, "message_id": number}

    def settle(self, results: Sequence[Result]) -> Sequence[Result]:
        """As :meth:`Broker.settle`."""
        settings = self._settings
        scores = [
            (settings.output if one.reject_code is None else settings.rejected, one.contents, _properties(one))
            for one in results
        ]
        end = time.monotonic() + settings.timeout
        with self._errors():
            while scores := self._publisher.publish(scores):
                if time.monotonic() > end:
                    raise BrokerError(f"RabbitMQ takes no messages for {scores[0][0]}: is it full? Nothing is lost.")
                self._stop.check()
                self._connection.wait(lambda: False, _PAUSE)
            self._channel.basic_ack(results[-1].message.handle[0], multiple=True)
            # Now, and not when more messages are asked for: fewer come twice if the worker is killed.
            self._connection.wait(lambda: False, 0)
        return results

    def is_caught_up(self) -> bool:
        """As :meth:`Broker.is_caught_up`."""
        with self._errors():
            found = self._declared(self._settings.queue)
            # What it no longer counts may be on its way: that is here before a second answer.
            self._declared(self._settings.queue)
        return not self._waiting and found.method.message_count == 0

    def close(self) -> None:
        """As :meth:`Broker.close`: the broker gives what was not settled to others."""
        self._connection.close()

    def _connect(self) -> None:
        settings = self._settings
        where = without_password(settings.url)
        parameters = pika.URLParameters(settings.url)
        parameters.socket_timeout = parameters.stack_timeout = min(10.0, settings.timeout)
        if settings.url.startswith("amqps") and (file := tls.authority(CA_FILE)):
            parameters.ssl_options = pika.SSLOptions(ssl.create_default_context(cafile=file), parameters.host)
        end = time.monotonic() + settings.timeout
        while True:
            try:
                self._connection = Connection(parameters)
                self._consume()
                return
            except (pika.exceptions.ProbableAuthenticationError, pika.exceptions.ProbableAccessDeniedError) as error:
                raise UnreachableError(
                    f"RabbitMQ at {where} refuses the credentials or the virtual host. {_ADVICE}"
                ) from error
            except pika.exceptions.ChannelClosedByBroker as error:
                raise _refusal(error) from error
            except ssl.SSLError as error:
                raise tls.failure(error, f"RabbitMQ at {where}", CA_FILE) from error
            except (pika.exceptions.AMQPError, OSError) as error:
                address = parameters.host, parameters.port
                if parameters.ssl_options is None and tls.is_spoken(address):
                    raise tls.is_wanted(f"RabbitMQ at {where}", "amqps") from error
                if time.monotonic() > end:
                    raise UnreachableError(
                        f"No RabbitMQ answers at {where}.{tls.of_port(address, 'AMQP (5672, with TLS 5671)')}"
                    ) from error
                self._stop.pause(_PAUSE)

    def _consume(self) -> None:
        settings = self._settings
        self._channel = self._connection.channel()
        for queue in (settings.queue, settings.output, settings.rejected):
            self._declared(queue)
        self._publisher = Publisher(self._connection)
        self._channel.add_on_cancel_callback(self._cancel)
        self._channel.basic_qos(prefetch_count=min(2 * settings.most, 65535))
        consume = self._channel.basic_consume
        self._connection.answer(lambda callback: consume(settings.queue, self._take, callback=callback))

    def _declared(self, queue: str) -> Any:
        """What RabbitMQ says of a queue. If the queue does not exist, RabbitMQ closes the channel."""
        channel = self._channel
        return self._connection.answer(lambda callback: channel.queue_declare(queue, passive=True, callback=callback))

    def _cancel(self, _: object) -> None:
        self._is_cancelled = True

    def _take(self, _: object, method: Any, properties: Any, body: bytes) -> None:
        self._waiting.append((method, properties, body))

    def _message(self, method: Any, properties: Any, body: bytes) -> Message:
        deliveries = 1
        if method.redelivered:
            # Only a quorum queue counts; of another only this is known, that it was delivered before. The publisher may
            # have set a header of that name too.
            count = (properties.headers or {}).get(_COUNT)
            deliveries += max(1, count) if isinstance(count, int) else 1
        return Message(body, None, properties, deliveries, (method.delivery_tag, properties))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Connect again if the connection was lost, and translate what the broker refuses."""
        try:
            yield
        except NoQueueError as error:
            raise _gone(str(error)) from error
        except pika.exceptions.ChannelClosedByBroker as error:
            raise _refusal(error) from error
        except (pika.exceptions.AMQPError, OSError) as error:
            # All that was not settled is delivered again.
            self._connection.close()
            self._waiting.clear()
            self._connect()
            raise NotSettledError(f"The connection was lost ({type(error).__name__}); messages come again.") from error


def _gone(queue: str) -> BrokerError:
    return BrokerError(f"RabbitMQ has no queue {queue} any more. Nothing is lost.")


def _refusal(error: pika.exceptions.ChannelClosedByBroker) -> BrokerError:
    is_missing = error.reply_code == _NOT_FOUND
    advice = " Declare the queue, or check --input, --output and --rejected." if is_missing else ""
    return BrokerError(f"RabbitMQ refuses something: {error.reply_text}.{advice}")


def _properties(result: Result) -> Any:
    """The properties of the incoming message, and what is added."""
    given = result.message.handle[1]
    headers = {name: value for name, value in (given.headers or {}).items() if name not in _NOT_KEPT}
    if given.message_id is not None:
        headers[SOURCE_ID] = given.message_id
    return pika.BasicProperties(
        content_type="application/json",
        headers={**headers, **dict(result.headers)},
        delivery_mode=_DURABLE,
        priority=given.priority,
        correlation_id=given.correlation_id or given.message_id,
        reply_to=given.reply_to,
        message_id=given.message_id,
        timestamp=given.timestamp,
        type=given.type,
        app_id=given.app_id,
    )
