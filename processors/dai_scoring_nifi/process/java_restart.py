"""Changed settings of Java on a processor that has run: they need a new Python process.

Java starts once in a process, with the first model. If a process ends, NiFi starts it again by itself, for a stopped
processor too. So it is enough to end it.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

from dai_nifi_protocol import Code
from dai_scoring.errors import OptionError, RuntimeMissingError
from dai_scoring.options import OPTIONS
from dai_scoring.runtimes.java import java_jars, jvm
from dai_scoring.scorer import RuntimeSettings

# NiFi is to get the answer that says so first.
_ANSWER_SECONDS = 0.5

_lock = threading.Lock()
# NiFi may put several processors of a kind into one process, from its eleventh on by default.
_running: weakref.WeakSet[Any] = weakref.WeakSet()
_owner: weakref.ref[Any] | None = None


class JavaRestartingError(OptionError):
    """Java needs other settings, so the Python process ends; NiFi starts it again."""

    validation_code = Code.JAVA_RESTARTING


def require_current(processor: Any, settings: RuntimeSettings, warn: Callable[[str], None]) -> None:
    """Raise JavaRestartingError if this processor has started Java with other settings, and end the process then.

    The process stays while other processors in it run (OptionError), and if another processor has started Java.
    ``warn`` gets a message when the process ends.
    """
    key = _changed(settings)
    with _lock:
        if key is None or not _is_started_for(processor):
            return
        others = sum(1 for one in _running if one is not processor)
    name = OPTIONS[key].label
    if others:
        raise OptionError(
            f"Java was started before {name} changed, and {others} other processor(s) score with it in the same Python "
            "process. Stop the other processors of this type for a moment, or restart NiFi: then the change takes "
            "effect.",
            key,
        )
    ends = (
        f"Java was started before {name} changed. It is being restarted with the change, in a new Python process; "
        "the processor is valid again in some seconds."
    )
    warn(ends)
    threading.Timer(_ANSWER_SECONDS, os._exit, (0,)).start()
    raise JavaRestartingError(ends, key)


def say_if_shared(processor: Any, settings: RuntimeSettings, warn: Callable[[str], None]) -> None:
    """Tell ``warn`` where the processor runs with a Java that was started for another one, with other settings."""
    key = _changed(settings)
    with _lock:
        if key is None or _is_started_for(processor):
            return
    name = OPTIONS[key].label
    warn(
        "This processor shares its Python process, and so its Java, with others of its type. Java was started with "
        f"the {name} of another one: {name} of this one does nothing. Give all of them the same {name} and "
        "restart NiFi; or let NiFi start more processes (nifi.python.max.processes.per.extension.type in "
        "nifi.properties)."
    )


def uses(processor: Any) -> None:
    """Say that this processor has tried to load its model: Java is its where that started it."""
    global _owner
    with _lock:
        if _owner is None and jvm.is_started():
            _owner = weakref.ref(processor)


def runs(processor: Any, state: bool) -> None:
    """Say whether a processor runs."""
    with _lock:
        (_running.add if state else _running.discard)(processor)


def _is_started_for(processor: Any) -> bool:
    """Whether Java was started for this processor, or for one that is gone."""
    return _owner is not None and _owner() in (None, processor)


def _changed(settings: RuntimeSettings) -> str | None:
    """The option that has another value than Java was started with."""
    try:
        jars = java_jars.mojo_runtime_jars(settings.mojo_runtime, settings.jar_folders)
    except RuntimeMissingError:
        # The model's loading says so, where that needs them.
        jars = []
    options, others = jvm.out_of_date(settings.jvm_options, jars)
    return "jvm_options" if options else "mojo_runtime" if others else None
