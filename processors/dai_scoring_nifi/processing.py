"""What the processors do with a FlowFile; each processor adds its properties, its name and its runtime."""

from __future__ import annotations

import errno
import os
import threading
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nifiapi.__jvm__ import JvmHolder
from nifiapi.flowfiletransform import FlowFileTransform
from nifiapi.properties import ValidationResult
from nifiapi.relationship import Relationship

from dai_scoring import rest_v1
from dai_scoring.errors import ModelError, OptionError, ScoringError
from dai_scoring.files import FileOptions, score_file
from dai_scoring.models import Runtime
from dai_scoring.option_words import OPTIONS, Audience
from dai_scoring.options import BadRows
from dai_scoring.relay import beside
from dai_scoring.scorer import Scorer
from dai_scoring.small import SmallContent, SmallContents, warm_up
from dai_scoring_nifi import outcomes
from dai_scoring_nifi import settings as properties
from dai_scoring_nifi.bulletins import Bulletins
from dai_scoring_nifi.exchange import SMALL, Batch, Exchange, Item, Outcome, Services
from dai_scoring_nifi.folders import Folder, Folders
from dai_scoring_nifi.garbage import spare_what_lives
from dai_scoring_nifi.lifetime import end_with_parent
from dai_scoring_nifi.model import ModelHolder
from dai_scoring_nifi.outcomes import FAILURE, ORIGINAL, REJECTED, SUCCESS
from dai_scoring_nifi.record_services import score_records
from dai_scoring_nifi.refusal import refusal
from dai_scoring_nifi.settings import Settings
from dai_scoring_nifi.state import ComponentState
from dai_scoring_nifi.successor import Successor

# Between two attempts to load a model for FlowFiles that wait.
_WAIT_SECONDS = 1.0


class RecordScoring(FlowFileTransform):  # type: ignore[misc]
    """Scores the records of FlowFiles: the behaviour that all processors of this suite share."""

    runtime = Runtime.AUTO
    model_property = properties.MODEL_FILE

    def __init__(self, **_: Any) -> None:
        super().__init__()
        end_with_parent()
        self._models = ModelHolder(lambda line: self.logger.info(line))
        self._successor = Successor(self._models)
        self._folders = Folders()
        self._exchange = Exchange()
        self._bulletins = Bulletins()
        self._helpers = ThreadPoolExecutor(os.cpu_count(), "dai-scoring-beside")
        self._settings: Settings | None = None
        self._scorer: Scorer | None = None
        self._starting = threading.Lock()
        self._services: Services | None = None
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
                "scoring.error.code say why.",
            ),
        ]

    def customValidate(self, context: Any) -> list[Any]:  # noqa: N802 - NiFi's name
        """Everything that would keep the processor from scoring, said before it is started."""
        if self._scorer is not None:
            # It runs: its model must not be taken away because another file lies at the path by now.
            return []
        found, problems = self._read(context)
        if found is not None:
            try:
                self._opened(found)
            except ScoringError as error:
                problems = [self._problem(context, error)]
            except Exception as error:  # noqa: BLE001 - NiFi would show the whole stack trace
                problems = [self._problem(context, self._unexpected(error))]
        return [
            ValidationResult(subject=problem.subject, explanation=problem.explanation, valid=False, input=problem.value)
            for problem in problems
        ]

    def onScheduled(self, context: Any) -> None:  # noqa: N802 - NiFi's name
        """Load the model; raising here keeps the processor from starting, and NiFi shows the message."""
        try:
            self._start(context)
        except ScoringError as error:
            raise refusal(error) from None
        except Exception as error:  # noqa: BLE001 - NiFi would show the whole stack trace
            raise refusal(self._unexpected(error)) from None

    def _started_anew(self, context: Any) -> bool:
        """Start an object that NiFi made anew after its process died, which it does not call ``onScheduled`` on."""
        with self._starting:
            if self._scorer is not None:
                return True
            try:
                self._start(context)
            except ScoringError as error:
                problem = error
            except Exception as error:  # noqa: BLE001 - the FlowFile waits, and NiFi must say why
                problem = self._unexpected(error)
            else:
                self.logger.warn("The Python process of this processor had ended. It scores again, in a new one.")
                return True
        self._bulletins.waiting(self.logger, problem.code, problem.told(Audience.CANVAS))
        time.sleep(_WAIT_SECONDS)
        return False

    def _start(self, context: Any) -> None:
        self._require_original(context)
        found, problems = self._read(context)
        if found is None:
            raise OptionError("; ".join(f"{p.subject}: {p.explanation}" for p in problems))
        scorer = self._opened(found)
        if self.runtime is not Runtime.PYTHON:
            warm_up(scorer, found.options.wanted)
        self._models.running(True)
        self._settings = found
        self._services = self._services_of(context) if found.services else None
        self._successor.watch(found, self.runtime, scorer.info, ComponentState(context, self.logger).tell)
        spare_what_lives()
        # Last: with it the processor counts as started, for all threads.
        self._scorer = scorer

    @staticmethod
    def _require_original(context: Any) -> None:
        """Refuse to start where NiFi would roll back every FlowFile: it calls such a processor valid."""
        java = context.java_context
        original = JvmHolder.jvm.org.apache.nifi.processor.Relationship.Builder().name(ORIGINAL).build()
        if not java.isAutoTerminated(original) and not java.hasConnection(original):
            raise OptionError(
                "the relationship 'original' is neither connected nor terminated, so NiFi could send no FlowFile on. "
                "Connect it, or tick 'terminate' for it under Relationships."
            )

    def onStopped(self, context: Any) -> None:  # noqa: N802 - NiFi's name
        """Delete the exchange folders. The model stays loaded, so that a restart is quick."""
        self._successor.rest()
        self._scorer = None
        self._models.running(False)
        self._exchange.reset()
        self._folders.remove()

    def transform(self, context: Any, flowfile: Any) -> Any:
        """Score a FlowFile, and others that wait behind it if none is large.

        None sends the FlowFile back to its queue, for NiFi to bring it again a moment later.
        """
        if self._scorer is None and not self._started_anew(context):
            return None
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
        answers = SmallContents(scorer, settings.options).score(list(given.values())) if given else []
        return {
            index: outcomes.scored(scorer.info, answer.summary, answer.contents)
            for index, answer in zip(given, answers, strict=True)
            if answer is not None
        }

    def _outcome(self, batch: Batch, item: Item, together: bool = False) -> Outcome:
        try:
            return self._score(batch, item, together)
        except ScoringError as error:
            return self._failed(item, error.code, error.told(Audience.CANVAS))
        except OSError as error:
            return self._failed(item, "io", _no_file(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the FlowFile must come out with a reason
            self._log_place(error)
            return self._failed(
                item,
                "internal",
                f"the processor's own code failed ({type(error).__name__}). NiFi's log says where, just before this: "
                "please report that. Others of its kind will fail too; the rest is scored.",
            )

    def _log_place(self, error: Exception) -> None:
        """Tell NiFi's log, not the canvas, where an unexpected error came from."""
        # Only the types and places: messages of foreign exceptions may hold values of a record.
        where = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-4:]))
        self.logger.info(f"Unexpected {type(error).__name__} at\n{where}")

    def _unexpected(self, error: Exception) -> ModelError:
        """What to say of an error that nobody thought of, while the processor gets ready."""
        self._log_place(error)
        return ModelError(
            f"the model cannot be loaded: the processor's own code failed ({type(error).__name__}). NiFi's log says "
            "where: please report that."
        )

    def _problem(self, context: Any, error: ScoringError) -> properties.Problem:
        """A refusal, said of the property that is to be set right."""
        name = OPTIONS[error.option].property_name if error.option else None
        subject = name or self.model_property
        value = None if subject == properties.LICENCE_KEY else self._lookup(context)(subject)
        return properties.Problem(subject, error.told(Audience.CANVAS), value)

    def _services_of(self, context: Any) -> Services:
        reader, writer = (
            context.getProperty(name).asControllerService()
            for name in (properties.RECORD_READER, properties.RECORD_WRITER)
        )
        return Services(reader, writer)

    def _opened(self, found: Settings) -> Scorer:
        scorer = self._models.get(found, self.runtime)
        scorer.check(found.options.wanted)
        return scorer

    @staticmethod
    def _lookup(context: Any) -> properties.Lookup:
        def lookup(name: str) -> str | None:
            # NiFi 2.3 gives a value object for every property, later versions None where it does not apply.
            value = context.getProperty(name)
            text = None if value is None else value.getValue()
            return None if text is None else str(text)

        return lookup

    def _read(self, context: Any) -> tuple[Settings | None, list[properties.Problem]]:
        java_home = Path(str(JvmHolder.jvm.java.lang.System.getProperty("java.home")))
        return properties.read(self._lookup(context), java_home, self.model_property)

    def _score(self, batch: Batch, item: Item, together: bool) -> Outcome:
        scorer, settings = self._scorer, self._settings
        if scorer is None or settings is None:
            raise ModelError("the processor has not been started with a model")
        if settings.h2o_rest and (found := self._answered(scorer, settings, batch, item)) is not None:
            return found
        if settings.services:
            return self._with_services(scorer, settings.options, batch, item)
        options = settings.options if batch.can_add else replace(settings.options, bad_rows=BadRows.FAIL)
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
            rejected = _contents(folder, folder.rejected, item) if summary.rejected else None
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
        answer = rest_v1.answer(scorer, asked, body, settings.options.missing_columns)
        if answer is None:
            return None
        return outcomes.answered(scorer.info, asked, answer, time.perf_counter() - began)

    def _say_that_it_is_slow(self) -> None:
        if not self._warned:
            self._warned = True
            self.logger.warn(
                "This NiFi does not let a Python processor reach its process session: contents go the slow way, in "
                "memory, and a FlowFile with a row that cannot be scored goes to failure as a whole. The reason: "
                f"{self._exchange.problem}"
            )

    def _failed(self, item: Item, code: str, message: str) -> Outcome:
        # The filename tells the operator which one; it is not a record's value.
        self._bulletins.failed(self.logger, item.attributes.get("filename", "a FlowFile"), code, message)
        return outcomes.failed(None if self._scorer is None else self._scorer.info, code, message)


def _no_file(error: OSError) -> str:
    """What to do about a file that cannot be read or written on NiFi's machine."""
    where = f" at {error.filename}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "Make room in /dev/shm and in the temporary folder of NiFi's user"
    else:
        advice = "Look at /dev/shm and at the temporary folder of NiFi's user, where contents lie while they are scored"
    return f"NiFi's machine says '{error.strerror}'{where}. {advice}, then send the FlowFile again."


def _question(item: Item) -> rest_v1.Question | None:
    return rest_v1.question(item.attributes.get("http.method", ""), item.attributes.get("http.request.uri", ""))


def _contents(folder: Folder, file: Path, item: Item) -> bytes | Path:
    """What a file holds, or the file under a name of its own: others are scored before it is sent."""
    if item.contents is None:
        return folder.keep(file)
    contents = file.read_bytes()
    file.unlink()
    return contents
