"""A connection to RabbitMQ whose calls return when they are done, and a channel on which it confirms many messages.

pika's blocking connection waits for each confirm before the next message, so its asynchronous one is run here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile
from typing import Any

import pika
from pika.adapters.select_connection import IOLoop
from pika.adapters.utils.connection_workflow import (
    AMQPConnectionWorkflowFailed,
    AMQPConnectorException,
    AMQPConnectorPhaseErrorBase,
)
from pika.exceptions import AMQPConnectionError, AMQPError

_logger = logging.getLogger(__name__)
_CLOSING_SECONDS = 5.0

# It logs each error that it raises too, with the address.
logging.getLogger("pika").setLevel(logging.CRITICAL)


class NoQueueError(Exception):
    """A message was published to a queue that does not exist; its text is the name."""


class Connection:
    """Used from one thread. Methods raise AMQPError or OSError once the connection, or one of its channels, is lost."""

    def __init__(self, parameters: Any) -> None:
        self._lost: BaseException | None = None
        self._loop = IOLoop()
        self._loop.activate_poller()
        made: list[Any] = []
        try:
            pika.SelectConnection.create_connection([parameters], made.append, self._loop)
            self.wait(lambda: bool(made))
            if isinstance(made[0], BaseException):
                raise _cause(made[0])
        except BaseException:
            self._end()
            raise
        self._connection = made[0]
        self._connection.add_on_close_callback(self._is_lost)
        self._connection.add_on_connection_blocked_callback(
            lambda _, frame: _logger.warning("RabbitMQ takes no messages at present (%s).", frame.method.reason)
        )

    def wait(self, is_done: Callable[[], bool], seconds: float | None = None) -> None:
        """Send and receive until something is done, or for so long."""
        end = None if seconds is None else time.monotonic() + seconds
        while not is_done():
            if self._lost is not None:
                raise self._lost
            if end is None:
                self._loop.poll()
            else:
                # It returns at the next timer, if nothing comes before.
                timer = self._loop.call_later(max(0.0, end - time.monotonic()), lambda: None)
                self._loop.poll()
                self._loop.remove_timeout(timer)
            self._loop.process_timeouts()
            if end is not None and time.monotonic() >= end:
                return

    def channel(self) -> Any:
        """A new channel."""
        channel = self.answer(lambda callback: self._connection.channel(on_open_callback=callback))
        channel.add_on_close_callback(self._is_lost)
        return channel

    def answer(self, call: Callable[[Callable[[Any], None]], object]) -> Any:
        """What is given to the callback of a call."""
        answers: list[Any] = []
        call(answers.append)
        self.wait(lambda: bool(answers))
        return answers[0]

    def close(self) -> None:
        """Say good-bye, if there is somebody, and disconnect."""
        with suppress(AMQPError, OSError):
            if self._connection.is_open:
                self._lost = None
                self._connection.close()
                self.wait(lambda: bool(self._connection.is_closed), _CLOSING_SECONDS)
        self._end()

    def _is_lost(self, _: object, why: BaseException) -> None:
        self._lost = self._lost or why

    def _end(self) -> None:
        self._loop.deactivate_poller()
        self._loop.close()


class Publisher:
    """A channel on which RabbitMQ confirms messages: each is in its queue, on disk if both are durable."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channel = connection.channel()
        self._sent = 0
        self._open: dict[int, int] = {}
        self._refused: list[int] = []
        self._returned: list[str] = []
        connection.answer(lambda callback: self._channel.confirm_delivery(self._confirm, callback))
        # What has no queue comes back before it is confirmed.
        self._channel.add_on_return_callback(lambda _, method, __, ___: self._returned.append(method.routing_key))

    def publish(self, messages: list[tuple[str, bytes, Any]]) -> list[tuple[str, bytes, Any]]:
        """Publish messages, each with its queue and its properties. Returns those that RabbitMQ did not take.

        Raises NoQueueError for a queue that does not exist.
        """
        for number, (queue, contents, properties) in enumerate(messages):
            # To the default exchange, which has a route to each queue by its name.
            self._channel.basic_publish("", queue, contents, properties, mandatory=True)
            self._sent += 1
            self._open[self._sent] = number
        self._connection.wait(lambda: not self._open)
        if self._returned:
            raise NoQueueError(self._returned[0])
        refused, self._refused = self._refused, []
        return [messages[number] for number in sorted(refused)]

    def _confirm(self, frame: Any) -> None:
        tag, is_taken = frame.method.delivery_tag, isinstance(frame.method, pika.spec.Basic.Ack)
        # Their order is that of the tags.
        tags = list(takewhile(lambda one: one <= tag, self._open)) if frame.method.multiple else [tag]
        for one in tags:
            number = self._open.pop(one)
            if not is_taken:
                self._refused.append(number)


def _cause(error: BaseException) -> BaseException:
    """The error of the last attempt to connect, as pika's blocking connection raises it."""
    if isinstance(error, AMQPConnectionWorkflowFailed):
        error = error.exceptions[-1]
    if isinstance(error, AMQPConnectorPhaseErrorBase):
        error = error.exception
    return AMQPConnectionError(error) if isinstance(error, AMQPConnectorException) else error
