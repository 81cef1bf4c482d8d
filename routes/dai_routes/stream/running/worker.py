"""The loop of a worker: receive what waits, score it, publish and acknowledge it as one unit."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dai_routes.stream.contract import Broker, Message, Result
from dai_routes.stream.errors import NotSettledError
from dai_routes.stream.messages import rejected
from dai_routes.stream.messages.formats import Decoder
from dai_routes.stream.running.counts import Counts
from dai_routes.stream.running.watchdog import Watchdog
from dai_scoring.cli.opening import as_tool_error
from dai_scoring.service.single_records import Failed, Outcome, RecordScorer, Rejected, Scored

_logger = logging.getLogger(__name__)

_IDLE_SECONDS = 1.0
_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""How long to wait, in seconds, before a batch is scored again for which the model was not at fault."""
_MOST_IN_VAIN = 10
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
        stop: threading.Event,
    ) -> None:
        self._broker = broker
        self._decoder = decoder
        self._scorer = scorer
        self._limits = limits
        self._watchdog = watchdog
        self._counts = counts
        self._stop = stop
        self._is_first = True

    def run(self) -> None:
        """Work. Raises ToolError if the broker or the model fails for long; no message is lost then."""
        in_vain = 0
        while not self._stop.is_set():
            try:
                if not self._step():
                    return
                in_vain = 0
            except NotSettledError as error:
                self._counts.repeated += 1
                in_vain += 1
                if in_vain > _MOST_IN_VAIN:
                    raise
                _logger.warning("%s", error)

    def _step(self) -> bool:
        """Settle one batch, if there is one. Returns False once the worker need not wait for more."""
        with self._watchdog.over("receiving messages"):
            messages = self._broker.receive(self._limits.most, _IDLE_SECONDS)
        for part in self._parts(messages):
            self._settle(self._results(part))
        if messages or not self._limits.drain:
            return True
        with self._watchdog.over("asking for messages"):
            return not self._broker.is_caught_up()

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
        is_first, self._is_first = self._is_first, False
        if is_first and (messages[0].deliveries or 0) > self._limits.deliveries:
            # The messages behind it were delivered as often, but only the first was being scored when workers died.
            outcomes: list[Outcome] = [Rejected(TOO_OFTEN, reason=f"It was delivered {messages[0].deliveries} times.")]
        else:
            outcomes = self._outcomes(messages)
        results = []
        for message, outcome in zip(messages, outcomes, strict=True):
            if isinstance(outcome, Scored):
                results.append(Result(message, outcome.contents))
            elif isinstance(outcome, Rejected):
                results.append(rejected.result(message, outcome, self._broker.source(message)))
        self._counts.scoring_seconds += time.perf_counter() - began
        return results

    def _outcomes(self, messages: Sequence[Message]) -> list[Outcome]:
        """The outcomes of messages, none of them Failed: that raises ToolError after some repetitions."""
        records = self._decoder.decode(messages)
        for pause in (*_PAUSES, None):
            texts = [None if isinstance(one, Rejected) else one for one in records]
            outcomes = self._scorer.score(texts)
            failed = next((one for one in outcomes if isinstance(one, Failed)), None)
            if failed is None:
                break
            _logger.warning("The model cannot score: %s", failed.error.problem)
            if pause is None or self._stop.wait(pause):
                raise as_tool_error(failed.error)
        return [
            record if isinstance(record, Rejected) else outcome
            for record, outcome in zip(records, outcomes, strict=True)
        ]

    def _settle(self, results: Sequence[Result]) -> None:
        began = time.perf_counter()
        with self._watchdog.over("publishing scores"):
            settled = self._broker.settle(results)
        counts = self._counts
        for one in settled:
            if one.reject_code is not None:
                counts.rejected[one.reject_code] += 1
        counts.scored += sum(one.reject_code is None for one in settled)
        counts.batches += 1
        counts.settling_seconds += time.perf_counter() - began
