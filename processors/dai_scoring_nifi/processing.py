"""What the processors do with a FlowFile; each processor adds its properties, its name and its runtime."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nifiapi.relationship import Relationship

from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import BadRowsError, InputError, ModelError, ScoringError, UnsupportedError
from dai_scoring.options import BadRows
from dai_scoring.scorer import ModelInfo, Scorer
from dai_scoring.service import Failure, Request, Response, ScoringService
from dai_scoring.service.failures import failure_of, is_unexpected, not_now
from dai_scoring.service.requests import check
from dai_scoring_nifi import outcomes, requests
from dai_scoring_nifi import settings as properties
from dai_scoring_nifi.bulletins import Bulletins, on_canvas
from dai_scoring_nifi.flowfiles import Batch, Outcome, TakenFlowFile
from dai_scoring_nifi.lifecycle import Lifecycle
from dai_scoring_nifi.outcomes import FAILURE, REJECTED, SUCCESS
from dai_scoring_nifi.record_services import score_records
from dai_scoring_nifi.settings import Settings


@dataclass(frozen=True)
class _FlowFileSource:
    """The contents of a FlowFile that is not small; NiFi writes them to a file when their turn comes."""

    batch: Batch
    item: TakenFlowFile

    @property
    def size(self) -> int:
        return self.item.size

    def write_to(self, path: Path) -> None:
        self.batch.export(self.item, path)


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
        batch = self._flowfiles.take(context, flowfile, self._folders.file("call"), self._services)
        if not batch.can_add:
            self._say_that_it_is_slow()
        found: list[Outcome] = []
        try:
            found += self._outcomes(batch)
            return batch.send(found)
        except BaseException:
            batch.give_back()
            for outcome in found:
                outcome.discard()
            raise

    def _not_now(self, context: Any, flowfile: Any, problem: Exception) -> Any:
        """Leave the FlowFile in its queue; but a client that waits for an answer gets it."""
        if properties.answers_requests(self._lookup(context)):
            batch = self._flowfiles.take(context, flowfile, self._folders.file("call"), most=1)
            if requests.METHOD in batch.items[0].attributes:
                return batch.send([self._failed(batch.items[0], None, failure_of(not_now(problem)))])
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
        asked = [requests.request(settings.h2o_rest, item, self._contents(batch, item)) for item in batch.items]
        if settings.services:
            return [self._with_services(service, settings, batch, asked[0])]
        if batch.can_add:
            responses = service.respond_all(asked)
        else:
            responses = [self._without_rejected(service, settings, one) for one in asked]
        return [self._outcome(settings, *one) for one in zip(batch.items, responses, strict=True)]

    def _outcome(self, settings: Settings, item: TakenFlowFile, response: Response) -> Outcome:
        if response.failure is not None:
            return self._failed(item, response.model, response.failure)
        return self._routed(settings, item, outcomes.scored(response))

    @staticmethod
    def _contents(batch: Batch, item: TakenFlowFile) -> bytes | _FlowFileSource:
        return _FlowFileSource(batch, item) if item.contents is None else item.contents

    @staticmethod
    def _without_rejected(service: ScoringService, settings: Settings, request: Request) -> Response:
        """Score where there is one FlowFile to send on.

        Of a mixture it is the whole FlowFile, but rejected rows alone can be it.
        """
        options = settings.options
        if options.bad_rows is not BadRows.REJECT or request.keeps_rows:
            return service.respond(request)
        response = service.respond(replace(request, options=replace(options, bad_rows=BadRows.FAIL)))
        if response.failure is None or response.failure.code != BadRowsError.code:
            return response
        found = service.respond(request)
        if found.has_only_rejected_rows:
            return found
        found.discard()
        return response

    def _with_services(self, service: ScoringService, settings: Settings, batch: Batch, request: Request) -> Outcome:
        (item,) = batch.items
        if (found := service.respond_in_dialect(request)) is not None:
            return self._outcome(settings, item, found)
        with service.scorer() as scorer:
            try:
                check(request)
                done = self._by_services(batch, scorer, service.options_of(request), item)
            except Exception as error:  # noqa: BLE001 - whatever it is, the FlowFile must come out with a reason
                if is_unexpected(error):
                    self._log_place(error)
                return self._failed(item, scorer.info, failure_of(error))
        return self._routed(settings, item, done)

    def _by_services(self, batch: Batch, scorer: Scorer, options: FileOptions, item: TakenFlowFile) -> Outcome:
        if item.size == 0:
            # There is nothing in it that a Record Reader could take for a schema.
            return outcomes.nothing(scorer.info)
        folder = self._folders.take(item.size)
        try:
            done = score_records(batch, scorer, options, folder)
        except BaseException:
            folder.clear()
            raise
        folder.results.unlink()
        return outcomes.scored_by_services(scorer.info, done, folder.target, folder.rejected)

    @staticmethod
    def _routed(settings: Settings, item: TakenFlowFile, outcome: Outcome) -> Outcome:
        """The same, but rejected rows alone go to ``rejected``, unless the sender asked for them."""
        rejects = settings.options.bad_rows is BadRows.REJECT and requests.BAD_ROWS not in item.attributes
        return outcomes.routed(outcome) if rejects else outcome

    def _failed(self, item: TakenFlowFile, model: ModelInfo | None, why: Failure) -> Outcome:
        # The filename tells the operator which one; it is not a record's value.
        name = item.attributes.get("filename", "a FlowFile")
        by_client = requests.METHOD in item.attributes and isinstance(why.error, InputError | UnsupportedError)
        self._bulletins.failed(self.logger, name, why.code, on_canvas(why.error), by_client=by_client)
        return outcomes.failed(model, why)

    def _say_that_it_is_slow(self) -> None:
        if not self._warned:
            self._warned = True
            self.logger.warn(
                "This NiFi does not let a Python processor reach its process session: contents go the slow way, in "
                "memory, and a FlowFile of which some rows cannot be scored goes to failure as a whole. The reason: "
                f"{self._flowfiles.problem}"
            )
