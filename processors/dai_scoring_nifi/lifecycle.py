"""The lifecycle of a processor: validated, started, stopped, and started again in a new Python process."""

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
from dai_scoring.runtimes.java import thread_ends
from dai_scoring.scorer import Scorer
from dai_scoring.service import ScoringService, WorkFolders
from dai_scoring.service.served_model import warm_up
from dai_scoring_nifi import settings as properties
from dai_scoring_nifi.flowfiles.access import FlowFileAccess, RecordServices
from dai_scoring_nifi.models.model_holder import ModelHolder
from dai_scoring_nifi.models.next_model import NextModelLoader
from dai_scoring_nifi.process import java_restart
from dai_scoring_nifi.process.garbage_collection import freeze_living_objects
from dai_scoring_nifi.process.guard import ProcessGuard
from dai_scoring_nifi.process.parent_process import exit_with_parent
from dai_scoring_nifi.reporting.component_state import ComponentState
from dai_scoring_nifi.reporting.error_text import with_code
from dai_scoring_nifi.reporting.start_failure import start_failure
from dai_scoring_nifi.settings import Settings, name_of


class Lifecycle(FlowFileTransform):  # type: ignore[misc]
    """Validates, starts and stops a processor: its settings, its model and the guard of its Python process."""

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
        self._record_services: RecordServices | None = None
        # Set last when the processor starts: then everything else is ready.
        self._service: ScoringService | None = None

    def customValidate(self, context: Any) -> list[Any]:  # noqa: N802 - NiFi's name
        """Report everything that would keep the processor from scoring, before it is started."""
        if self._service is not None:
            # It runs: its model must not be replaced because another file is at the path by now.
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
        """Load the model. An error raised here keeps the processor from starting, and NiFi shows the message."""
        self._guard.release()
        with self._starting:
            self._stopped = False
            if (error := self._started(context)) is not None:
                raise start_failure(error) from None

    def setContext(self, context: Any) -> None:  # noqa: N802 - NiFi's name
        """Start in the background if NiFi made this object for a processor that is running already.

        NiFi does so after the Python process has ended, and then does not call onScheduled. Otherwise NiFi calls
        onScheduled first, and there is nothing left to do here.
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
            self._models.set_running(False)
            java_restart.set_running(self, False)
            self._flowfiles.reset()
            if service is not None:
                service.close()
            self._folders.remove()

    def _start_again(self, context: Any) -> Exception | None:
        """Start unless it has been started; returns the error that prevents it, or None if the processor can score.

        Safe for several threads: one starts the processor, and the others wait for it.
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
        """Start; returns the error that prevents it, which is then in the component state too."""
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
            java_restart.warn_if_shared(self, found.runtime, lambda line: self.logger.warn(line))
        self._models.set_running(True)
        java_restart.set_running(self, True)
        self._settings = found
        self._record_services = self._record_services_of(context) if found.record_services else None
        self._flowfiles.reset()
        self._next_model.watch(found, self.runtime, scorer.info, ComponentState(context, self.logger).set)
        service = ScoringService(scorer, found.options, folders=self._folders, on_unexpected=self._log_place)
        freeze_living_objects()
        self._service = service

    def _opened(self, found: Settings) -> Scorer:
        if self.runtime is Runtime.JAVA:
            java_restart.require_current(self, found.runtime, lambda line: self.logger.warn(line))
        try:
            scorer = self._models.get(found, self.runtime)
        finally:
            java_restart.record_load(self)
            thread_ends.forget_at_end()
        scorer.check(found.options.wanted)
        return scorer

    def _record_services_of(self, context: Any) -> RecordServices:
        reader, writer = (
            context.getProperty(name_of(option)).asControllerService() for option in (RECORD_READER, RECORD_WRITER)
        )
        return RecordServices(reader, writer)

    @staticmethod
    def _lookup(context: Any) -> properties.Lookup:
        def lookup(name: str) -> str | None:
            # NiFi 2.3 gives a value object for every property, later versions None if it does not apply.
            value = context.getProperty(name)
            text = None if value is None else value.getValue()
            return None if text is None else str(text)

        return lookup

    def _read(self, context: Any) -> tuple[Settings | None, list[properties.Problem]]:
        java_home = Path(str(JvmHolder.jvm.java.lang.System.getProperty("java.home")))
        return properties.read(self._lookup(context), java_home, self.model_property)

    def _problem(self, context: Any, error: ScoringError) -> properties.Problem:
        """An error as a problem with the property that has to change."""
        name = OPTIONS[error.option].label if error.option else None
        subject = name or self.model_property
        value = None if subject == LICENCE_KEY.label else self._lookup(context)(subject)
        return properties.Problem(subject, with_code(error), value)

    def _unexpected(self, error: Exception) -> ModelError:
        """The error to show for an unexpected one that occurs before the processor scores."""
        self._log_place(error)
        return ModelError(
            f"the model cannot be loaded: the processor's own code failed ({type(error).__name__}). NiFi's log says "
            "where: please report that."
        )

    def _log_place(self, error: Exception) -> None:
        """Log where an unexpected error came from, in NiFi's log and not on the canvas."""
        # Only the types and places: messages of foreign exceptions may hold values of a record.
        where = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-4:]))
        self.logger.info(f"Unexpected {type(error).__name__} at\n{where}")
