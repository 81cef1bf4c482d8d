"""Kafka, by confluent-kafka: topics to topics, each message once, in the order of its partition."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from dai_routes.stream.brokers.kafka_elsewhere import wait_elsewhere
from dai_routes.stream.brokers.kafka_errors import ClientErrors, is_denied, is_of_group
from dai_routes.stream.brokers.kafka_publisher import Publisher, RefusedError, instead
from dai_routes.stream.brokers.kafka_settings import KafkaSettings
from dai_routes.stream.brokers.kafka_topics import count_partitions, first_offsets
from dai_routes.stream.contract import Message, Result
from dai_routes.stream.errors import BrokerError, NotSettledError, UnreachableError
from dai_routes.stream.stop import Stop

_TRANSACTION_MILLISECONDS = 30_000
_AGAIN_SECONDS = 0.1
_PARTITIONER = "murmur2_random"
"""That of Java's producers: a key is in the same partition, whoever wrote it."""


class Kafka:
    """A consumer and a producer, each batch a transaction; see :class:`dai_routes.stream.contract.Broker`."""

    def __init__(self, settings: KafkaSettings, stop: Stop) -> None:
        self._settings = settings
        self._stop = stop
        self._is_once = settings.is_exactly_once
        needs = (
            f"READ on {settings.topic} and the group {settings.group}, WRITE on {settings.output}, {settings.rejected}"
        )
        self._errors = ClientErrors(
            settings.servers, needs + " and its transactional.id" * self._is_once, settings.client
        )
        common = {
            "bootstrap.servers": settings.servers,
            # It writes twenty lines a second while no broker answers; what matters comes to error_cb.
            "log_level": 0,
            "error_cb": self._errors,
            **settings.client,
        }
        of_producer: dict[str, Any] = {
            "enable.idempotence": True,
            "partitioner": _PARTITIONER,
            "linger.ms": 5,
            "delivery.report.only.error": True,
        }
        if self._is_once:
            name = settings.worker or f"{os.uname().nodename}-{uuid.uuid4().hex[:12]}"
            of_producer |= {
                "transactional.id": f"dai-score-{settings.group}-{name}",
                "transaction.timeout.ms": _TRANSACTION_MILLISECONDS,
            }
        self._publisher = Publisher(
            lambda more: self._made(Producer, {**of_producer, **more, **common}),
            settings.output,
            settings.rejected,
            self.source,
        )
        self._producer = self._publisher.producer
        self._of_consumer: dict[str, Any] = {
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 100,
            # As long, the partitions of a worker that was killed have nobody.
            "session.timeout.ms": 15_000,
            # Started again under its name, a worker gets its partitions back at once.
            **({"group.instance.id": settings.worker} if settings.worker else {}),
            **common,
            "group.id": settings.group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
        }
        self._consumer = self._made(Consumer, self._of_consumer)
        self._assigned: set[int] | None = None
        self._at_end: set[int] = set()
        # The first offset of each partition that is not settled, once a message of it was received.
        self._next: dict[int, int] = {}
        self._revoked: set[int] = set()
        self._membership: Any = None
        self._may_have_more = False
        try:
            self._partitions = self._counted(settings.timeout)
            if self._is_once:
                self._repeated(lambda: self._producer.init_transactions(settings.timeout), "begin")
            self._subscribe()
        except BaseException:
            self._consumer.close()
            raise

    def receive(self, most: int, seconds: float) -> list[Message]:
        """As :meth:`Broker.receive`."""
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        self._revoked.clear()
        found = [first, *self._consumer.consume(most - 1, 0)] if most > 1 else [first]
        if self._revoked:
            found = self._still_mine(found)
        messages = [
            Message(one.value(), one.key(), one.headers(), None, (one.partition(), one.offset()), True)
            for one in found
            if one.error() is None
        ]
        starts = first_offsets(messages)
        self._next = starts | self._next
        self._at_end -= starts.keys()
        if len(messages) < len(found):
            self._heed(found)
        return messages

    def _still_mine(self, found: Sequence[Any]) -> list[Any]:
        """What was received without that of partitions that were revoked meanwhile: somebody receives it again."""
        if self._revoked & {one.partition for one in self._consumer.assignment()}:
            # What came before and after cannot be told apart: begin where the group is.
            self._consumer.unsubscribe()
            self._subscribe()
            return []
        return [one for one in found if one.partition() not in self._revoked]

    def _subscribe(self) -> None:
        self._consumer.subscribe([self._settings.topic], on_assign=self._on_assign, on_revoke=self._on_revoke)

    def _heed(self, found: Sequence[Any]) -> None:
        """Note the ends of partitions that came between messages; raise ToolError if Kafka refuses something."""
        for one in found:
            error = one.error()
            if error is None:
                self._at_end.discard(one.partition())
            elif error.code() == KafkaError._PARTITION_EOF:
                self._at_end.add(one.partition())
            elif not error.retriable():
                raise self._errors.as_tool_error(error)

    def source(self, message: Message) -> Mapping[str, Any]:
        """As :meth:`Broker.source`."""
        partition, offset = message.handle
        return {"topic": self._settings.topic, "partition": partition, "offset": offset}

    def is_caught_up(self) -> bool:
        """As :meth:`Broker.is_caught_up`."""
        if self._assigned is None or not self._at_end >= self._assigned:
            return False
        try:
            return not wait_elsewhere(self._consumer, self._of_consumer, self._settings.topic, self._assigned)
        except KafkaException:
            return False

    def settle(self, results: Sequence[Result]) -> Sequence[Result]:
        """As :meth:`Broker.settle`. What Kafka refuses for its size is settled in halves, and at last alone."""
        settled: list[Result] = []
        parts = [results]
        is_behind_refused = False
        while parts:
            part = parts.pop()
            try:
                settled += self._settle(part)
            except RefusedError as error:
                is_behind_refused = True
                others = instead(part, error.error, self.source)
                if not others:
                    raise self._errors.as_tool_error(error.error) from error
                parts += reversed(others)
            except NotSettledError:
                if is_behind_refused:
                    # The broker has not seen the numbers of what it refused, so it aborts the next transaction too.
                    is_behind_refused = False
                    parts.append(part)
                    continue
                self._rewind()
                raise
        return settled

    def _settle(self, results: Sequence[Result]) -> Sequence[Result]:
        starts = first_offsets([one.message for one in results])
        if any(offset < self._next.get(partition, offset + 1) for partition, offset in starts.items()):
            raise NotSettledError("Kafka has given partitions to another worker, which receives their messages.")
        ends = {partition: offset + 1 for partition, offset in dict(one.message.handle for one in results).items()}
        settled = self._settle_current(results, ends)
        self._next |= ends
        return settled

    def _settle_current(self, results: Sequence[Result], ends: Mapping[int, int]) -> Sequence[Result]:
        offsets = [TopicPartition(self._settings.topic, partition, offset) for partition, offset in ends.items()]
        refused = self._publisher.refused
        refused.clear()
        try:
            if self._is_once:
                return self._settle_once(results, offsets)
            return self._settle_at_least_once(results, offsets)
        except KafkaException as exception:
            error = exception.args[0]
            if self._is_once and error.txn_requires_abort():
                self._repeated(lambda: self._producer.abort_transaction(self._settings.timeout), "abort")
                if refused or is_denied(error):
                    raise self._errors.of_publishing([*refused, error]) from exception
            elif error.fatal() or not is_of_group(error):
                raise self._errors.as_tool_error(error) from exception
            raise NotSettledError(f"Kafka did not settle a batch ({error.name()}): it comes again.") from exception

    def close(self) -> None:
        """As :meth:`Broker.close`."""
        self._consumer.close()

    def _keeps_partitions(self) -> bool:
        """Whether scores stay in the partition of their message: the output has as many as the input."""
        if self._may_have_more:
            with suppress(BrokerError):  # it is asked again, for the next batch
                self._partitions = self._counted(_AGAIN_SECONDS)
                self._may_have_more = False
        return self._partitions[0] == self._partitions[1]

    def _counted(self, timeout: float) -> Sequence[int]:
        """The partitions of the topics, which must be there."""
        settings = self._settings
        topics = (settings.topic, settings.output, settings.rejected)
        return count_partitions(self._producer, topics, self._errors, timeout)

    def _settle_once(self, results: Sequence[Result], offsets: list[TopicPartition]) -> Sequence[Result]:
        producer, timeout = self._producer, self._settings.timeout
        keeps_partitions = self._keeps_partitions()
        producer.begin_transaction()
        published = self._publisher.publish(results, keeps_partitions)
        self._again(lambda: producer.send_offsets_to_transaction(offsets, self._membership, timeout))
        self._again(lambda: producer.commit_transaction(timeout))
        return published

    def _settle_at_least_once(self, results: Sequence[Result], offsets: list[TopicPartition]) -> Sequence[Result]:
        published = self._publisher.publish(results, self._keeps_partitions())
        if self._producer.flush(self._settings.timeout):
            self._producer.purge()
            raise UnreachableError(f"No broker of {self._settings.servers} took the scores in time. Nothing is lost.")
        if self._publisher.refused:
            raise self._errors.of_publishing(self._publisher.refused)
        self._consumer.commit(offsets=offsets, asynchronous=False)
        return published

    def _rewind(self) -> None:
        """Receive again what is not settled, in the partitions that are still assigned."""
        for one in self._consumer.assignment():
            if one.partition in self._next:
                self._consumer.seek(TopicPartition(one.topic, one.partition, self._next[one.partition]))
                self._at_end.discard(one.partition)

    def _again(self, call: Callable[[], None]) -> None:
        """Repeat a call of a transaction as long as that may help, up to the timeout."""
        end = time.monotonic() + self._settings.timeout
        while True:
            try:
                return call()
            except KafkaException as exception:
                if not exception.args[0].retriable() or time.monotonic() > end:
                    raise
                self._stop.pause(_AGAIN_SECONDS)

    def _repeated(self, call: Callable[[], None], what: str) -> None:
        try:
            self._again(call)
        except KafkaException as exception:
            error = exception.args[0]
            raise self._errors.as_tool_error(error, f"Kafka does not {what} a transaction") from exception

    def _made(self, kind: Any, settings: dict[str, Any]) -> Any:
        try:
            return kind(settings)
        except KafkaException as exception:
            said = exception.args[0].str()
            # It takes this one if none is set.
            more = " Set sasl.mechanism." if "mechanism GSSAPI" in said else ""
            raise BrokerError(f"A setting of --client-config or DAI_KAFKA_... is wrong: {said}.{more}") from exception

    def _on_assign(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self._assigned = {one.partition for one in partitions}
        self._may_have_more = True
        self._at_end.clear()
        for one in partitions:
            self._next.pop(one.partition, None)
        # That of now: the broker refuses offsets of a worker that has lost the partitions without knowing it. Asked for
        # later, it may be that of no member at all, which the broker does not check.
        self._membership = self._consumer.consumer_group_metadata()

    def _on_revoke(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self._assigned = None
        for one in partitions:
            self._next.pop(one.partition, None)
            self._revoked.add(one.partition)
