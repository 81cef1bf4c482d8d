"""Redis, by redis-py: streams to streams. Scores and acknowledgements are one transaction of Redis."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from dai_routes.stream.addresses import without_password
from dai_routes.stream.contract import Message, Result
from dai_routes.stream.errors import BrokerError, NotSettledError, UnreachableError

SOURCE_ID = b"source_id"
"""The field of a scored message with the id of the message that it was made of."""
_START = "0"
_AWAY = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)


@dataclass(frozen=True)
class RedisSettings:
    """The streams, and how to connect. ``field`` is the field of a message that holds its record.

    A message that a worker has not acknowledged for ``idle`` seconds is taken by another one. ``timeout`` is in
    seconds too.
    """

    url: str
    stream: str
    output: str
    rejected: str
    group: str
    field: str = "value"
    idle: float = 60.0
    timeout: float = 60.0


class RedisStreams:
    """A member of a consumer group; see :class:`dai_routes.stream.contract.Broker`."""

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._field = settings.field.encode()
        self._name = f"{os.uname().nodename}-{uuid.uuid4().hex[:12]}"
        # It may wait for a message as long as it blocks.
        self._redis: Any = redis.Redis.from_url(
            settings.url,
            socket_timeout=settings.timeout,
            socket_connect_timeout=min(10.0, settings.timeout),
            retry=Retry(ExponentialBackoff(cap=2.0, base=0.1), max(1, int(settings.timeout / 2))),
            retry_on_error=[redis.exceptions.BusyLoadingError, redis.exceptions.ConnectionError],
        )
        self._next_claim = "0-0"
        self._is_claiming = True
        with self._errors():
            try:
                self._redis.xgroup_create(settings.stream, settings.group, _START, mkstream=True)
            except redis.exceptions.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def receive(self, most: int, seconds: float) -> list[Message]:
        """As :meth:`Broker.receive`: first what workers have left that died, then new messages."""
        settings = self._settings
        with self._errors():
            if found := self._claimed(most):
                return found
            block = max(1, int(seconds * 1000))
            answer = self._redis.xreadgroup(settings.group, self._name, {settings.stream: ">"}, count=most, block=block)
        entries = _entries(answer)
        if not entries:
            # Time to look again for messages that somebody has left.
            self._is_claiming = True
        return [self._message(entry, fields, 1) for entry, fields in entries]

    def source(self, message: Message) -> Mapping[str, Any]:
        """As :meth:`Broker.source`."""
        return {"stream": self._settings.stream, "id": message.handle[0].decode()}

    def settle(self, results: Sequence[Result]) -> None:
        """As :meth:`Broker.settle`."""
        settings = self._settings
        with self._errors():
            transaction = self._redis.pipeline(transaction=True)
            for result in results:
                entry, fields = result.message.handle
                kept = {name: value for name, value in fields.items() if name != self._field}
                own = {name: text.encode() for name, text in result.headers.items()}
                target = settings.output if result.reject_code is None else settings.rejected
                transaction.xadd(target, {**kept, **own, SOURCE_ID: entry, self._field: result.contents})
            transaction.xack(settings.stream, settings.group, *(result.message.handle[0] for result in results))
            try:
                transaction.execute()
            except _AWAY as error:
                # It may have been done or not: what was not done stays pending, and is claimed.
                self._is_claiming = True
                raise NotSettledError(
                    f"Redis did not answer ({type(error).__name__}): the batch comes again."
                ) from error

    def is_caught_up(self) -> bool:
        """As :meth:`Broker.is_caught_up`: also no other worker has a message."""
        settings = self._settings
        with self._errors():
            pending = self._redis.xpending(settings.stream, settings.group)
        return not pending["pending"]

    def close(self) -> None:
        """As :meth:`Broker.close`. What was not settled is left to other workers."""
        settings = self._settings
        with suppress(redis.exceptions.RedisError):  # the name stays in the group then, which does no harm
            mine = self._redis.xpending_range(settings.stream, settings.group, "-", "+", 1, self._name)
            if not mine:
                # One that has messages must stay: they would be lost with it.
                self._redis.xgroup_delconsumer(settings.stream, settings.group, self._name)
        self._redis.close()

    def _claimed(self, most: int) -> list[Message]:
        """Messages that were delivered to others, or to this worker, and not acknowledged for long."""
        if not self._is_claiming:
            return []
        settings = self._settings
        milliseconds = int(settings.idle * 1000)
        answer = self._redis.xautoclaim(
            settings.stream, settings.group, self._name, milliseconds, self._next_claim, count=most
        )
        self._next_claim = answer[0]
        self._is_claiming = self._next_claim not in (b"0-0", "0-0")
        entries = [(entry, fields) for entry, fields in answer[1] if fields is not None]
        if not entries:
            return []
        found = self._redis.xpending_range(
            settings.stream, settings.group, entries[0][0], entries[-1][0], len(entries), self._name
        )
        deliveries = {one["message_id"]: one["times_delivered"] for one in found}
        return [self._message(entry, fields, deliveries.get(entry, 2)) for entry, fields in entries]

    def _message(self, entry: bytes, fields: dict[bytes, bytes], deliveries: int) -> Message:
        return Message(fields.get(self._field), deliveries=deliveries, handle=(entry, fields))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except _AWAY as error:
            where = without_password(self._settings.url)
            raise UnreachableError(
                f"Redis at {where} does not answer, or refuses the credentials ({_said(error)})."
            ) from error
        except redis.exceptions.RedisError as error:
            raise BrokerError(f"Redis refuses a command: {_said(error)}.") from error


def _entries(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """The messages of the one stream that was read, by either protocol of Redis."""
    if not answer:
        return []
    if isinstance(answer, dict):
        (parts,) = answer.values()
        return [one for part in parts for one in part] if parts and isinstance(parts[0], list) else list(parts)
    return list(answer[0][1])


def _said(error: Exception) -> str:
    return str(error).rstrip(".")
