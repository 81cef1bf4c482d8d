"""Publishes results to Kafka. One that is too large for Kafka becomes a rejected one, or a shorter one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from dai_routes.stream.contract import Message, Result
from dai_routes.stream.messages import rejected
from dai_scoring.service.single_records import Rejected

_SCORES_TOO_LARGE = Rejected(
    "too_large",
    reason="With its scores it is larger than message.max.bytes of the worker, or max.message.bytes of the topic.",
)
_FULL_SECONDS = 0.1
_NO_KEY = Rejected("no_key", reason="The topic of the scores is compacted: it takes no message without a key.")
TOO_LARGE = KafkaError.MSG_SIZE_TOO_LARGE
REFUSED = frozenset({TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError._INVALID_DIFFERENT_RECORD})
"""What the broker says of messages that it refuses for what they are, and of those that were sent with them."""

Source = Callable[[Message], Mapping[str, Any]]


class RefusedError(Exception):
    """The broker refused messages for what they are, or many that the client sent together; none is settled.

    ``error`` is why: the size, or that they have no key and their topic is compacted.
    """

    def __init__(self, error: KafkaError) -> None:
        super().__init__(error.str())
        self.error = error


def instead(part: Sequence[Result], error: KafkaError, source: Source) -> list[Sequence[Result]]:
    """What to settle, one after another, instead of results that were refused; empty if there is nothing else."""
    if error.code() != TOO_LARGE:
        other = [_keyed(one, source) for one in part]
        return [other] if any(new is not old for new, old in zip(other, part, strict=True)) else []
    if middle := len(part) // 2:
        return [part[:middle], part[middle:]]
    small = _smaller(part[0], source)
    return [] if small is None else [[small]]


def _keyed(result: Result, source: Source) -> Result:
    """The result, or what to publish instead if it is a score without a key."""
    if result.reject_code is not None or result.message.key is not None:
        return result
    return rejected.result(result.message, _NO_KEY, source(result.message))


def _smaller(result: Result, source: Source) -> Result | None:
    """What to publish for a message instead of a result that is too large; None if there is nothing smaller."""
    if result.reject_code is None:
        return rejected.result(result.message, _SCORES_TOO_LARGE, source(result.message))
    if result.short is None or result.contents is result.short:
        return None
    return Result(result.message, result.short, result.reject_code, result.headers, result.short)


class Publisher:
    """A producer with the topics of scored and of rejected messages.

    ``make`` is given its callback as a setting. ``refused`` are errors of messages that the broker did not take.
    """

    def __init__(self, make: Callable[[dict[str, Any]], Any], output: str, rejects_to: str, source: Source) -> None:
        self.refused: list[KafkaError] = []
        self.producer = make({"on_delivery": self._failed})
        self._output = output
        self._rejects_to = rejects_to
        self._source = source

    def publish(self, results: Sequence[Result], keeps_partitions: bool) -> list[Result]:
        """Put results into the producer's queue; gives them as they are published, which differ if they are too large.

        ``keeps_partitions``: scored messages go to the partition from which they came.
        """
        produce, output = self.producer.produce, self._output
        published = []
        for result in results:
            message = result.message
            if result.reject_code is None:
                # The order of messages without a key is kept too, if the output has as many partitions.
                partition = message.handle[0] if keeps_partitions else -1
                try:
                    if message.headers is None:
                        # Passing headers=None would make this call half as slow again.
                        produce(output, result.contents, message.key, partition)
                    else:
                        produce(output, result.contents, message.key, partition, headers=message.headers)
                    published.append(result)
                    continue
                except BufferError:
                    pass
                except KafkaException as error:
                    if error.args[0].code() != TOO_LARGE:
                        raise
            published.append(self._publish_slowly(result, keeps_partitions))
        return published

    def _publish_slowly(self, result: Result, keeps_partitions: bool) -> Result:
        """Publish a result once the queue has room, or what is smaller."""
        while True:
            message, is_scored = result.message, result.reject_code is None
            headers = [*(message.headers or ()), *((name, text.encode()) for name, text in result.headers)]
            topic = self._output if is_scored else self._rejects_to
            partition = message.handle[0] if is_scored and keeps_partitions else -1
            try:
                self.producer.produce(topic, result.contents, message.key, partition, headers=headers)
                return result
            except BufferError:
                self.producer.poll(_FULL_SECONDS)
            except KafkaException as error:
                other = _smaller(result, self._source)
                if error.args[0].code() != TOO_LARGE or other is None:
                    raise
                result = other

    def _failed(self, error: KafkaError, _: object) -> None:
        # An aborted transaction says so of each of its messages.
        if error.code() not in (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT):
            self.refused.append(error)
