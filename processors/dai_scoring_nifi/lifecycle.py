"""The life of a scoring processor: valid or not, started, stopped, and started again in a new Python process."""

from __future__ import annotations

import threading
import traceback
from pathlib import Path
from typing import Any

from nifiapi.__jvm__ import JvmHolder
from nifiapi.flowfiletransform import FlowFileTransform
from nifiapi.properties import ValidationResult

from dai_nifi_protocol import not_scoring
from dai_scoring.errors import ModelError, OptionError, ScoringError
from dai_scoring.models import Runtime
from dai_scoring.options import LICENCE_KEY, MODEL, OPTIONS, RECORD_READER, RECORD_WRITER
from dai_scoring.scorer import Scorer
from dai_scoring.service import ScoringService, WorkFolders
from dai_scoring.service.served_model import warm_up
from dai_scoring_nifi import java_process
from dai_scoring_nifi import settings as properties
from dai_scoring_nifi.bulletins import with_code
from dai_scoring_nifi.component_state import ComponentState
from dai_scoring_nifi.flowfiles import FlowFileAccess, Services
from dai_scoring_nifi.garbage_collection import freeze_living_objects
from dai_scoring_nifi.model_holder import ModelHolder
from dai_scoring_nifi.next_model import NextModelLoader
from dai_scoring_nifi.parent_process import exit_with_parent
from dai_scoring_nifi.process_guard import ProcessGuard
from dai_scoring_nifi.settings import Settings, name_of
from dai_scoring_nifi.start_failure import start_failure


class Lifecycle(FlowFileTransform):  # type: ignore[misc]
    """Gets a processor ready to score: its settings, its model, and what watches over both."""

    runtime = Runtime.AUTO
    model_property = name_of(MODEL)

    def __init__(self, **_: Any) -> None:
        super().__init__()
        exit_with_parent()
        self._models = ModelHolder(lambda line: self.logger.info(line))
        self._next_model = NextModelLoader(self._models)
        self._guard = ProcessGuard(lambda line: self.logger.info(line))
        self._folders = WorkFolders()
        self._flowfiles = FlowFileAccess()
        self._starting = threading.Lock()
        self._stopped = False
        self._settings: Settings | None = None
        self._services: Services | None = None
        # Set last when the processor starts: then all else is there.
        self._service: ScoringService | None = None

    def customValidate(self, context: Any) -> list[Any]:  # noqa: N802 - NiFi's name
        """Everything that would keep the processor from scoring, said before it is started."""
        if self._service is not None:
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
        self._guard.release()
        with self._starting:
            self._stopped = False
            if (error := self._started(context)) is not None:
                raise start_failure(error) from None

    def setContext(self, context: Any) -> None:  # noqa: N802 - NiFi's name
        """Start in the background where NiFi made this object for a processor that runs, in place of one that is gone.

        NiFi starts the process again after it has ended, and calls no onScheduled then. After onScheduled, which NiFi
        calls first otherwise, there is nothing to do.
        """
        super().setContext(context)
        if self._service is None:
            threading.Thread(
                target=self._start_again, args=(self.process_context,), name="dai-scoring-start", daemon=True
            ).start()

    def onStopped(self, context: Any) -> None:  # noqa: N802 - NiFi's name
        """Delete the exchange folders. The model stays loaded, so that a restart is quick."""
        self._guard.release()
        with self._starting:
            self._stopped = True
            self._next_model.stop()
            service, self._service = self._service, None
            self._models.running(False)
            java_process.runs(self, False)
            self._flowfiles.reset()
            if service is not None:
                service.close()
            self._folders.remove()

    def _start_again(self, context: Any) -> Exception | None:
        """Start if nobody has; returns what keeps the processor from it, None where it can score.

        For several threads: one starts it, and the others wait for that.
        """
        with self._starting:
            if self._service is not None:
                return None
            if self._stopped:
                return ModelError("the processor has been stopped.")
            error = self._started(context)
            if error is None:
                self.logger.info("The processor scores again, in a new Python process.")
            return error

    def _started(self, context: Any) -> Exception | None:
        """Start; returns what keeps the processor from it, which its state in NiFi then says too."""
        self._guard.watch(context)
        try:
            self._start(context)
        except ScoringError as error:
            failure: Exception = error
        except Exception as error:  # noqa: BLE001 - NiFi would show the whole stack trace
            failure = self._unexpected(error)
        else:
            return None
        ComponentState(context, self.logger).set(not_scoring(with_code(failure)))
        return failure

    def _start(self, context: Any) -> None:
        found, problems = self._read(context)
        if found is None:
            raise OptionError("; ".join(f"{p.subject}: {p.explanation}" for p in problems))
        scorer = self._opened(found)
        warm_up(scorer, found.options.wanted)
        if self.runtime is Runtime.JAVA:
            java_process.say_if_shared(self, found.runtime, lambda line: self.logger.warn(line))
        self._models.running(True)
        java_process.runs(self, True)
        self._settings = found
        self._services = self._services_of(context) if found.services else None
        self._flowfiles.reset()
        self._next_model.watch(found, self.runtime, scorer.info, ComponentState(context, self.logger).set)
        service = ScoringService(scorer, found.options, folders=self._folders, on_unexpected=self._log_place)
        freeze_living_objects()
        self._service = service

    def _opened(self, found: Settings) -> Scorer:
        if self.runtime is Runtime.JAVA:
            java_process.require_current(self, found.runtime, lambda line: self.logger.warn(line))
        try:
            scorer = self._models.get(found, self.runtime)
        finally:
            java_process.uses(self)
        scorer.check(found.options.wanted)
        return scorer

    def _services_of(self, context: Any) -> Services:
        reader, writer = (
            context.getProperty(name_of(option)).asControllerService() for option in (RECORD_READER, RECORD_WRITER)
        )
        return Services(reader, writer)

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

    def _problem(self, context: Any, error: ScoringError) -> properties.Problem:
        """An error as a problem of the property that has to change."""
        name = OPTIONS[error.option].label if error.option else None
        subject = name or self.model_property
        value = None if subject == LICENCE_KEY.label else self._lookup(context)(subject)
        return properties.Problem(subject, with_code(error), value)

    def _unexpected(self, error: Exception) -> ModelError:
        """What to say of an error that nobody thought of, while the processor gets ready."""
        self._log_place(error)
        return ModelError(
            f"the model cannot be loaded: the processor's own code failed ({type(error).__name__}). NiFi's log says "
            "where: please report that."
        )

    def _log_place(self, error: Exception) -> None:
        """Tell NiFi's log, not the canvas, where an unexpected error came from."""
        # Only the types and places: messages of foreign exceptions may hold values of a record.
        where = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-4:]))
        self.logger.info(f"Unexpected {type(error).__name__} at\n{where}")
