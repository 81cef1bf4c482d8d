"""What the processors do with a FlowFile; each processor adds its properties, its name and its runtime."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nifiapi.relationship import Relationship

from dai_scoring import rest_v1
from dai_scoring.errors import BadRowsError, ModelError, RequestError, ScoringError
from dai_scoring.files import FileOptions, score_file
from dai_scoring.options import BadRows
from dai_scoring.relay import beside
from dai_scoring.scorer import Scorer
from dai_scoring.small import SmallContent, SmallContents
from dai_scoring_nifi import outcomes, requests
from dai_scoring_nifi import settings as properties
from dai_scoring_nifi.bulletins import Bulletins, on_canvas
from dai_scoring_nifi.exchange import SMALL, Batch, Item, Outcome
from dai_scoring_nifi.failures import Failure, failure, not_now
from dai_scoring_nifi.folders import Folder
from dai_scoring_nifi.outcomes import FAILURE, REJECTED, SUCCESS
from dai_scoring_nifi.record_services import score_records
from dai_scoring_nifi.settings import Settings
from dai_scoring_nifi.starting import Starting


class RecordScoring(Starting):
    """Scores the records of FlowFiles: the behaviour that all processors of this suite share."""

    def __init__(self, **_: Any) -> None:
        super().__init__()
        self._bulletins = Bulletins()
        self._helpers = ThreadPoolExecutor(os.cpu_count(), "dai-scoring-beside")
        self._warned = False

    def getRelationships(self) -> list[Any]:  # noqa: N802 - NiFi's name
        """Relationships beside 'original' and 'failure', which NiFi adds to every processor of this kind."""
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
        if self._scorer is None and (problem := self._start_anew(context)) is not None:
            return self._not_now(context, flowfile, problem)
        batch = self._exchange.take(context, flowfile, self._folders.call(), self._services)
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
        if self._lookup(context)(properties.H2O_REST_REQUESTS) == properties.ANSWER:
            batch = self._exchange.take(context, flowfile, self._folders.call(), most=1)
            if requests.METHOD in batch.items[0].attributes:
                return batch.send([self._failed(batch.items[0], not_now(problem))])
            batch.give_back()
        code = problem.code if isinstance(problem, ScoringError) else ModelError.code
        self._bulletins.waiting(self.logger, code, on_canvas(problem))
        context.yield_resources()
        return self._exchange.keep(context, flowfile, f"FlowFiles wait in their queue: {problem}")

    def _outcomes(self, batch: Batch) -> list[Outcome]:
        quick = self._quick(batch.items)
        left = [item for item in batch.items if item.index not in quick]
        if sum(item.contents is None for item in left) > 1:
            # One is read and written while another is scored. Small ones would only wait for Python's lock.
            work = partial(self._outcome, batch, together=True)
            found = beside(work, left, self._helpers)
        else:
            found = [self._outcome(batch, item) for item in left]
        rest = iter(found)
        return [quick.get(item.index) or next(rest) for item in batch.items]

    def _quick(self, items: Sequence[Item]) -> dict[int, Outcome]:
        """The outcomes of what can be scored together, in memory, by the FlowFile's place in the batch."""
        scorer, settings = self._scorer, self._settings
        if scorer is None or settings is None or settings.services:
            return {}
        given = {
            item.index: SmallContent(item.contents, item.attributes.get("mime.type"))
            for item in items
            if item.contents and item.size <= SMALL and not (settings.h2o_rest and _question(item))
        }
        alike: dict[FileOptions, list[int]] = {}
        for index in given:
            with suppress(RequestError):  # which is told where each is scored alone
                alike.setdefault(_options(settings, items[index]), []).append(index)
        found: dict[int, Outcome] = {}
        for options, indexes in alike.items():
            answers = SmallContents(scorer, options).score([given[index] for index in indexes])
            found |= {
                index: outcomes.scored(scorer.info, answer.summary, answer.contents)
                for index, answer in zip(indexes, answers, strict=True)
                if answer is not None
            }
        return found

    def _outcome(self, batch: Batch, item: Item, together: bool = False) -> Outcome:
        try:
            return self._score(batch, item, together)
        except Exception as error:  # noqa: BLE001 - whatever it is, the FlowFile must come out with a reason
            if not isinstance(error, ScoringError | OSError):
                self._log_place(error)
            return self._failed(item, failure(error))

    def _score(self, batch: Batch, item: Item, together: bool) -> Outcome:
        scorer, settings = self._scorer, self._settings
        if scorer is None or settings is None:
            raise ModelError("the processor has not been started with a model")
        if settings.h2o_rest and (found := self._answered(scorer, settings, batch, item)) is not None:
            return found
        options = _options(settings, item)
        if settings.h2o_rest and requests.METHOD in item.attributes and item.contents and item.contents.isspace():
            raise RequestError("the body has blanks alone, and no records.")
        if settings.services or batch.can_add or options.bad_rows is not BadRows.REJECT:
            if settings.services:
                found = self._with_services(scorer, options, batch, item)
            else:
                found = self._as_file(scorer, options, batch, item, together)
            is_routed = settings.options.bad_rows is BadRows.REJECT and requests.BAD_ROWS not in item.attributes
            return outcomes.routed(found) if is_routed else found
        try:
            return self._as_file(scorer, replace(options, bad_rows=BadRows.FAIL), batch, item, together)
        except BadRowsError:
            # There is one FlowFile to send on: of a mixture it is the whole, but rejected rows alone can be it.
            found = self._as_file(scorer, options, batch, item, together)
            if found.relationship == REJECTED:
                return found
            found.discard()
            raise

    def _as_file(self, scorer: Scorer, options: FileOptions, batch: Batch, item: Item, together: bool) -> Outcome:
        folder = self._folders.take(item.size)
        try:
            if item.contents is None:
                batch.export(item, folder.source)
            else:
                folder.source.write_bytes(item.contents)
            summary = score_file(
                scorer,
                folder.source,
                folder.target,
                folder.rejected,
                options,
                item.attributes.get("mime.type"),
                item.attributes.get("filename"),
                alone=not together,
            )
            folder.source.unlink()
            scored = _contents(folder, folder.target, item)
            rejected = _contents(folder, folder.rejected, item) if folder.rejected.exists() else None
        except BaseException:
            folder.clear()
            raise
        return outcomes.scored(scorer.info, summary, scored, rejected)

    def _with_services(self, scorer: Scorer, options: FileOptions, batch: Batch, item: Item) -> Outcome:
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

    def _answered(self, scorer: Scorer, settings: Settings, batch: Batch, item: Item) -> Outcome | None:
        """The answer to a request of H2O's REST scorers, None where the FlowFile holds records as usual."""
        asked = _question(item)
        if asked is None:
            return None
        began = time.perf_counter()
        body = item.contents
        if body is None:
            folder = self._folders.take(item.size)
            batch.export(item, folder.source)
            body = folder.source.read_bytes()
            folder.clear()
        scorer = scorer.with_missing(settings.options.missing_values)
        answer = rest_v1.answer(scorer, asked, body, settings.options.missing_columns)
        if answer is None:
            return None
        return outcomes.answered(scorer.info, asked, answer, time.perf_counter() - began)

    def _say_that_it_is_slow(self) -> None:
        if not self._warned:
            self._warned = True
            self.logger.warn(
                "This NiFi does not let a Python processor reach its process session: contents go the slow way, in "
                "memory, and a FlowFile of which some rows cannot be scored goes to failure as a whole. The reason: "
                f"{self._exchange.problem}"
            )

    def _failed(self, item: Item, why: Failure) -> Outcome:
        # The filename tells the operator which one; it is not a record's value.
        self._bulletins.failed(self.logger, item.attributes.get("filename", "a FlowFile"), why.code, why.message)
        return outcomes.failed(None if self._scorer is None else self._scorer.info, why)


def _options(settings: Settings, item: Item) -> FileOptions:
    """How to score a FlowFile; RequestError where it is a request that asks for what there is not."""
    if not settings.h2o_rest or requests.METHOD not in item.attributes:
        return settings.options
    return requests.of_one(settings.of_requests, item.attributes)


def _question(item: Item) -> rest_v1.Question | None:
    return rest_v1.question(item.attributes.get("http.method", ""), item.attributes.get("http.request.uri", ""))


def _contents(folder: Folder, file: Path, item: Item) -> bytes | Path:
    """What a file holds, or the file under a name of its own: others are scored before it is sent."""
    if item.contents is None:
        return folder.keep(file)
    contents = file.read_bytes()
    file.unlink()
    return contents
