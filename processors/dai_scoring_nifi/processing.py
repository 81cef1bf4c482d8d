"""What the processors do with FlowFiles; each processor adds its properties, its name and its runtime."""

from __future__ import annotations

import time
from typing import Any

from nifiapi.relationship import Relationship

from dai_scoring.engine import ModelInfo
from dai_scoring.errors import InputError, ModelError, ScoringError, UnsupportedError
from dai_scoring.options import BadRows
from dai_scoring.runtimes.java import thread_ends
from dai_scoring.service import Failure, Response
from dai_scoring.service.failures import cannot_score_now, failure_of
from dai_scoring_nifi import settings as properties
from dai_scoring_nifi.flowfiles import attributes, outcomes
from dai_scoring_nifi.flowfiles.batch import Batch, Outcome, TakenFlowFile
from dai_scoring_nifi.flowfiles.outcomes import FAILURE, REJECTED, SUCCESS
from dai_scoring_nifi.flowfiles.public_api import respond_with_one
from dai_scoring_nifi.flowfiles.requests import requests_of
from dai_scoring_nifi.lifecycle import Lifecycle
from dai_scoring_nifi.record_services.respond import respond_with_record_services
from dai_scoring_nifi.reporting.bulletins import Bulletins
from dai_scoring_nifi.reporting.error_text import on_canvas
from dai_scoring_nifi.settings import Settings


class RecordScoring(Lifecycle):
    """Scores the records of FlowFiles: the behaviour that all processors of this suite share."""

    def __init__(self, **_: Any) -> None:
        super().__init__()
        self._bulletins = Bulletins()
        self._warned = False

    def getRelationships(self) -> list[Any]:  # noqa: N802 - NiFi's name
        """Relationships in addition to 'original' and 'failure', which NiFi adds to every processor of this kind."""
        return [
            Relationship(SUCCESS, "The records that were scored, in their order, with their predictions."),
            Relationship(
                REJECTED,
                "The records that could not be scored, as they came, with the columns _reject_code, "
                "_reject_column and _reject_value saying why.",
            ),
            Relationship(
                FAILURE,
                "FlowFiles that cannot be scored as a whole, untouched; the attributes scoring.error and "
                "scoring.error.code say why, scoring.error.client in words for who sent it over HTTP.",
            ),
        ]

    def transform(self, context: Any, flowfile: Any) -> Any:
        """Score a FlowFile, and others that wait behind it if none is large."""
        if self._service is None and (problem := self._start_again(context)) is not None:
            return self._not_now(context, flowfile, problem)
        batch = self._flowfiles.take(context, flowfile, self._folders.file("call"), self._record_services)
        if not batch.can_add:
            self._warn_of_public_api()
        found: list[Outcome] = []
        began = time.perf_counter()
        try:
            found += self._outcomes(batch)
            self._flowfiles.batch_size.learn(batch.items, found, time.perf_counter() - began)
            return batch.send(found)
        except BaseException:
            for outcome in found:
                outcome.discard()
            batch.give_back()
            raise
        finally:
            thread_ends.forget_at_end()

    def _not_now(self, context: Any, flowfile: Any, problem: Exception) -> Any:
        """Leave the FlowFile in its queue; but a client that waits for an answer gets it."""
        if properties.answers_requests(self._lookup(context)):
            batch = self._flowfiles.take(context, flowfile, self._folders.file("call"), max_flowfiles=1)
            if attributes.METHOD in batch.items[0].attributes:
                return batch.send([self._failed(batch.items[0], None, failure_of(cannot_score_now(problem)))])
            batch.give_back()
        code = problem.code if isinstance(problem, ScoringError) else ModelError.code
        self._bulletins.waiting(self.logger, code, on_canvas(problem))
        context.yield_resources()
        return self._flowfiles.keep(context, flowfile, f"FlowFiles wait in their queue: {problem}")

    def _outcomes(self, batch: Batch) -> list[Outcome]:
        service, settings = self._service, self._settings
        if service is None or settings is None:
            problem = ModelError("the processor has not been started with a model")
            return [self._failed(item, None, failure_of(problem)) for item in batch.items]
        requests = requests_of(batch, settings.h2o_rest)
        if settings.record_services:
            responses = respond_with_record_services(service, self._folders, batch, requests)
        elif batch.can_add:
            responses = service.respond_all(requests)
        else:
            responses = [respond_with_one(service, settings.options, one) for one in requests]
        try:
            return [self._outcome(settings, *one) for one in zip(batch.items, responses, strict=True)]
        except BaseException:
            for response in responses:
                response.discard()
            raise

    def _outcome(self, settings: Settings, item: TakenFlowFile, response: Response) -> Outcome:
        if response.failure is not None:
            return self._failed(item, response.model, response.failure)
        outcome = outcomes.scored(response)
        # A sender that asked for rejected rows gets them in the answer.
        if settings.options.bad_rows is BadRows.REJECT and attributes.BAD_ROWS not in item.attributes:
            return outcomes.only_rejected_to_rejected(outcome)
        return outcome

    def _failed(self, item: TakenFlowFile, model: ModelInfo | None, failure: Failure) -> Outcome:
        # The filename tells the operator which one; it is not a record's value.
        name = item.attributes.get(attributes.FILENAME, "a FlowFile")
        by_client = attributes.METHOD in item.attributes and isinstance(failure.error, InputError | UnsupportedError)
        self._bulletins.failed(self.logger, name, failure.code, on_canvas(failure.error), by_client=by_client)
        return outcomes.failed(model, failure)

    def _warn_of_public_api(self) -> None:
        if not self._warned:
            self._warned = True
            self.logger.warn(
                "This NiFi does not let a Python processor reach its process session: contents go the slow way, in "
                "memory, and a FlowFile of which some rows cannot be scored goes to failure as a whole. The reason: "
                f"{self._flowfiles.problem}"
            )
