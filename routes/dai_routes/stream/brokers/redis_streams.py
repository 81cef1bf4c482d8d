"""Redis, by redis-py: streams to streams. A script of Redis publishes scores and acknowledges messages as one unit.

A transaction (MULTI) would acknowledge messages even if one of its other commands fails.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from dai_routes.stream import tls
from dai_routes.stream.addresses import without_password
from dai_routes.stream.contract import Message, Result
from dai_routes.stream.errors import BrokerError, NotSettledError, UnreachableError
from dai_routes.stream.messages import rejected
from dai_routes.stream.stop import Stop
from dai_scoring.service.single_records import Rejected

SOURCE_ID = b"source_id"
"""The field of a scored message with the id of the message that it was made of."""
CA_FILE = "DAI_REDIS_CA_FILE"
"""The environment variable that names the file of the authority of the server's certificate."""
_logger = logging.getLogger(__name__)
_START = "0"
_PAUSE = 0.5
_AWAY = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)
_REFUSED = (redis.exceptions.AuthenticationError, redis.exceptions.AuthorizationError)
_MOST_NAMED = 10
_MOST_FIELDS = 3_900
"""A script of Redis takes 8,000 words for a call."""
_TOO_MANY_FIELDS = Rejected("too_large", reason=f"It has more than {_MOST_FIELDS:,} fields, and all would be kept.")
_SETTLE = """
local at = 2
for _ = 1, tonumber(ARGV[2]) do
  local target, count = KEYS[tonumber(ARGV[at + 1])], tonumber(ARGV[at + 2])
  redis.call('XADD', target, '*', unpack(ARGV, at + 3, at + 2 + count))
  at = at + 2 + count
end
for first = at + 1, #ARGV, 1000 do
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
"""
"""Its keys are the input, the output and the rejected messages. Its arguments are the group and how many messages there
are; then for each the number of its key, how many words follow, and these, its fields; at last all ids to acknowledge.

The first command that fails ends it, so nothing is acknowledged then."""


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


class _Pauses(ExponentialBackoff):
    """The pauses before an attempt is repeated; there is no further one once the worker shall end."""

    def __init__(self, stop: Stop) -> None:
        super().__init__(cap=2.0, base=0.1)
        self._stop = stop

    def compute(self, failures: int) -> float:
        self._stop.check()
        return float(super().compute(failures))


class RedisStreams:
    """A member of a consumer group; see :class:`dai_routes.stream.contract.Broker`."""

    def __init__(self, settings: RedisSettings, stop: Stop) -> None:
        self._settings = settings
        self._stop = stop
        self._field = settings.field.encode()
        self._name = f"{os.uname().nodename}-{uuid.uuid4().hex[:12]}"
        self._redis: Any = self._connected()
        self._settle = self._redis.register_script(_SETTLE)
        self._lacked_field = False
        self._next_claim = "0-0"
        self._claim_at = 0.0
        with self._errors():
            self._check()
            try:
                self._redis.xgroup_create(settings.stream, settings.group, _START, mkstream=True)
            except redis.exceptions.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def receive(self, most: int, seconds: float) -> list[Message]:
        """As :meth:`Broker.receive`: first what workers have left that died, then new messages."""
        settings = self._settings
        is_due = time.monotonic() >= self._claim_at
        if is_due and not seconds:
            # Its own messages would be claimed too, if they have been here for long: they are settled first.
            return []
        with self._errors():
            if is_due and (found := self._claimed(most)):
                return found
            block = int(seconds * 1000) or None
            answer = self._redis.xreadgroup(settings.group, self._name, {settings.stream: ">"}, count=most, block=block)
        return [self._message(entry, fields, 1) for entry, fields in _entries(answer)]

    def source(self, message: Message) -> Mapping[str, Any]:
        """As :meth:`Broker.source`."""
        return {"stream": self._settings.stream, "id": message.handle[0].decode()}

    def settle(self, results: Sequence[Result]) -> Sequence[Result]:
        """As :meth:`Broker.settle`."""
        settings = self._settings
        results = [self._fitting(one) for one in results]
        with self._errors():
            words: list[Any] = [settings.group, len(results)]
            for result in results:
                entry, fields = result.message.handle
                fields = fields if len(fields) <= _MOST_FIELDS else {}
                kept = {name: value for name, value in fields.items() if name != self._field}
                own = {name: text.encode() for name, text in result.headers}
                sent = {**kept, **own, SOURCE_ID: entry, self._field: result.contents}
                words += (2 if result.reject_code is None else 3, 2 * len(sent))
                for pair in sent.items():
                    words += pair
            words += (result.message.handle[0] for result in results)
            try:
                self._settle(keys=[settings.stream, settings.output, settings.rejected], args=words)
            except _AWAY as error:
                # It may have been done or not: what was not done stays pending, and is claimed.
                raise NotSettledError(
                    f"Redis did not answer ({type(error).__name__}): the batch comes again."
                ) from error
        return results

    def _fitting(self, result: Result) -> Result:
        """The result, or what to publish for a message with more fields than can be kept."""
        if len(result.message.handle[1]) <= _MOST_FIELDS:
            return result
        return rejected.result(result.message, _TOO_MANY_FIELDS, self.source(result.message))

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
        settings = self._settings
        milliseconds = int(settings.idle * 1000)
        answer = self._redis.xautoclaim(
            settings.stream, settings.group, self._name, milliseconds, self._next_claim, count=most
        )
        self._next_claim = answer[0]
        if self._next_claim in (b"0-0", "0-0"):
            # All have been looked at. There may be new messages without a pause, so it is looked again after a while.
            self._claim_at = time.monotonic() + settings.idle / 4
        entries = [(entry, fields) for entry, fields in answer[1] if fields is not None]
        if not entries:
            return []
        found = self._redis.xpending_range(
            settings.stream, settings.group, entries[0][0], entries[-1][0], len(entries), self._name
        )
        deliveries = {one["message_id"]: one["times_delivered"] for one in found}
        return [self._message(entry, fields, deliveries.get(entry, 2)) for entry, fields in entries]

    def _message(self, entry: bytes, fields: dict[bytes, bytes], deliveries: int) -> Message:
        if self._field not in fields and not self._lacked_field:
            self._lacked_field = True
            _logger.warning(
                "An entry of %s has no field %s, so it is rejected as empty: it has %s. Option --field names another.",
                self._settings.stream,
                self._settings.field,
                ", ".join(name.decode(errors="replace") for name in list(fields)[:_MOST_NAMED]),
            )
        return Message(fields.get(self._field), deliveries=deliveries, handle=(entry, fields))

    def _check(self) -> None:
        """Raise BrokerError if a name is that of something else than a stream; those of no key become streams."""
        settings = self._settings
        for name in (settings.stream, settings.output, settings.rejected):
            kind = self._redis.type(name).decode()
            if kind not in ("stream", "none"):
                raise BrokerError(f"Redis has no stream {name}: it has a {kind} of that name.")
            if kind == "none" and name == settings.stream:
                _logger.warning("Redis has no stream %s yet. Is the name right? Its first message makes it.", name)

    def _connected(self) -> Any:
        """A client that tries again for long, once the server has answered one that does not."""
        settings = self._settings
        # A client may wait for a message as long as it blocks.
        given: dict[str, Any] = {
            "socket_timeout": settings.timeout,
            "socket_connect_timeout": min(10.0, settings.timeout),
        }
        if settings.url.startswith("rediss") and (file := tls.authority(CA_FILE)):
            given["ssl_ca_certs"] = file
        end = time.monotonic() + settings.timeout
        with redis.Redis.from_url(settings.url, retry=Retry(NoBackoff(), 0), **given) as first, self._errors():
            while True:
                try:
                    first.ping()
                    break
                except _REFUSED:
                    raise
                except (*_AWAY, redis.exceptions.BusyLoadingError) as error:
                    if _of_tls(error) is not None:
                        raise
                    is_last, where = time.monotonic() > end, f"Redis at {without_password(settings.url)}"
                    if settings.url.startswith("redis:") and tls.is_spoken(_address(first)):
                        raise tls.is_wanted(where, "rediss") from error
                    if is_last and settings.url.startswith("rediss"):
                        more = tls.of_silence(_address(first), "redis")
                        raise UnreachableError(f"{where} does not answer ({_said(error)}).{more}") from error
                    if is_last:
                        raise
                    self._stop.pause(_PAUSE)
        return redis.Redis.from_url(
            settings.url,
            retry=Retry(_Pauses(self._stop), max(1, int(settings.timeout / 2))),
            retry_on_error=[redis.exceptions.BusyLoadingError, redis.exceptions.ConnectionError],
            **given,
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        where = f"Redis at {without_password(self._settings.url)}"
        try:
            yield
        except _REFUSED as error:
            raise UnreachableError(
                f"{where} refuses the credentials ({_said(error)}). Give them in the variable DAI_REDIS_URL: "
                "redis://USER:PASSWORD@HOST:PORT/0, without the user for the default one."
            ) from error
        except _AWAY as error:
            if (cause := _of_tls(error)) is not None:
                raise tls.failure(cause, where, CA_FILE) from error
            raise UnreachableError(f"{where} does not answer ({_said(error)}).") from error
        except redis.exceptions.RedisError as error:
            raise BrokerError(f"Redis refuses a command: {_said(error)}.") from error


def _of_tls(error: BaseException | None) -> ssl.SSLError | None:
    """The error of TLS behind one of the client."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def _address(client: Any) -> tuple[str, int]:
    found = client.connection_pool.connection_kwargs
    return found.get("host", "localhost"), found.get("port", 6379)


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
