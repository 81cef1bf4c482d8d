"""The loop of a worker: receive what waits, score it, publish and acknowledge it as one unit.

If more waits already, it is scored in a second thread while the batch before it is published: the broker's answers and
Java's work need no lock of Python. All calls of the broker are made in one thread, in order.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

from dai_routes.stream.contract import Broker, Message, Result
from dai_routes.stream.errors import NotSettledError
from dai_routes.stream.messages import rejected
from dai_routes.stream.messages.formats import Decoder
from dai_routes.stream.running.counts import Counts
from dai_routes.stream.running.watchdog import Watchdog
from dai_routes.stream.stop import Stop
from dai_scoring.cli.opening import as_tool_error
from dai_scoring.service.single_records import Failed, RecordScorer, Rejected, Scored

_logger = logging.getLogger(__name__)

_IDLE_SECONDS = 1.0
_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""How long to wait, in seconds, before a batch is scored again for which the model was not at fault."""
_MOST_IN_VAIN = 10
_SMALLER, _STEPS = 4, 50
"""A batch that was not settled may have taken too long: the next one has a quarter of the messages. Each batch that is
settled lets the next one have a fiftieth of the most more."""
TOO_OFTEN = "delivered_too_often"


@dataclass(frozen=True)
class Limits:
    """``most`` messages are a batch. A message may be delivered ``deliveries`` times. ``drain``: end when caught up."""

    most: int = 500
    deliveries: int = 5
    drain: bool = False


class Worker:
    """Scores the messages of a broker until ``stop`` is set; what was received by then is settled first."""

    def __init__(
        self,
        broker: Broker,
        decoder: Decoder,
        scorer: RecordScorer,
        limits: Limits,
        watchdog: Watchdog,
        counts: Counts,
        stop: Stop,
    ) -> None:
        self._broker = broker
        self._decoder = decoder
        self._scorer = scorer
        self._limits = limits
        self._watchdog = watchdog
        self._counts = counts
        self._stop = stop
        self._saw_redelivered = False
        self._most = limits.most
        self._in_vain = 0
        self._second_thread = ThreadPoolExecutor(1, "dai-stream-scoring")

    def run(self) -> None:
        """Work. Raises ToolError if the broker or the model fails for long; no message is lost then."""
        while not self._stop.is_set():
            try:
                if not self._step():
                    return
                self._in_vain = 0
            except NotSettledError as error:
                self._counts.repeated += 1
                self._most = max(1, self._most // _SMALLER)
                self._in_vain += 1
                if self._in_vain > _MOST_IN_VAIN:
                    raise
                _logger.warning("%s", error)

    def _step(self) -> bool:
        """Settle what waits, if there is something. Returns False once the worker need not wait for more."""
        if messages := self._received(_IDLE_SECONDS):
            self._work_off(messages)
        if messages or not self._limits.drain:
            return True
        with self._watchdog.over("asking for messages"):
            return not self._broker.is_caught_up()

    def _work_off(self, messages: Sequence[Message]) -> None:
        """Settle messages, and those that wait behind them, until none waits."""
        while messages:
            if _were_delivered_before(messages):
                for part in self._parts(messages):
                    self._settle(self._results(part))
                return
            messages = self._work_off_new(messages)

    def _work_off_new(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Settle new messages and those behind them. Gives what was received and must wait until these are settled."""
        results = self._results(messages)
        while more := [] if self._stop.is_set() else self._received(0.0):
            if _were_delivered_before(more):
                break
            scoring = self._second_thread.submit(self._results, more)
            try:
                self._settle(results)
            finally:
                # If those before them are not settled, these come again too.
                wait([scoring])
            results = scoring.result()
        self._settle(results)
        return more

    def _received(self, seconds: float) -> Sequence[Message]:
        with self._watchdog.over("receiving messages"):
            return self._broker.receive(self._most, seconds)

    def _parts(self, messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
        """Messages that are scored together. One that was delivered before is alone, as it may have ended a worker."""
        start = 0
        for index, message in enumerate(messages):
            if message.deliveries is not None and message.deliveries > 1:
                if start < index:
                    yield messages[start:index]
                self._counts.redelivered += 1
                yield [message]
                start = index + 1
        if start < len(messages):
            yield messages[start:]

    def _results(self, messages: Sequence[Message]) -> list[Result]:
        began = time.perf_counter()
        deliveries = messages[0].deliveries or 1
        is_first = deliveries > 1 and not self._saw_redelivered
        self._saw_redelivered |= is_first
        if is_first and deliveries > self._limits.deliveries:
            # The messages behind it were delivered as often, but only the first was being scored when workers died.
            # New ones may come before it: a broker may give what a worker left to another one only after a while.
            outcomes: list[Scored | Rejected] = [Rejected(TOO_OFTEN, reason=f"It was delivered {deliveries} times.")]
        else:
            outcomes = self._outcomes(messages)
        results = [
            Result(message, outcome.contents)
            if isinstance(outcome, Scored)
            else rejected.result(message, outcome, self._broker.source(message))
            for message, outcome in zip(messages, outcomes, strict=True)
        ]
        self._counts.scoring_seconds += time.perf_counter() - began
        return results

    def _outcomes(self, messages: Sequence[Message]) -> list[Scored | Rejected]:
        """The outcomes of messages. Where the model fails, it is asked again; then that raises ToolError."""
        records = self._decoder.decode(messages)
        for pause in (*_PAUSES, None):
            texts = [None if isinstance(one, Rejected) else one for one in records]
            outcomes = self._scorer.score(texts)
            settled = [one for one in outcomes if not isinstance(one, Failed)]
            if len(settled) == len(outcomes):
                break
            failed = next(one for one in outcomes if isinstance(one, Failed))
            _logger.warning("The model cannot score: %s", failed.error.problem)
            if pause is None or self._stop.wait(pause):
                raise as_tool_error(failed.error)
        return [
            record if isinstance(record, Rejected) else outcome
            for record, outcome in zip(records, settled, strict=True)
        ]

    def _settle(self, results: Sequence[Result]) -> None:
        began = time.perf_counter()
        with self._watchdog.over("publishing scores"):
            settled = self._broker.settle(results)
        self._in_vain = 0
        self._most = min(self._limits.most, self._most + self._limits.most // _STEPS + 1)
        counts = self._counts
        codes = Counter(one.reject_code for one in settled)
        counts.scored += codes.pop(None, 0)
        counts.rejected.update({code: count for code, count in codes.items() if code is not None})
        counts.batches += 1
        counts.settling_seconds += time.perf_counter() - began


def _were_delivered_before(messages: Sequence[Message]) -> bool:
    return any(one.deliveries is not None and one.deliveries > 1 for one in messages)
