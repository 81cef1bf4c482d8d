"""Restarts Java when its settings have changed, by ending the Python process.

Java starts only once in a process, with the first model. When a process ends, NiFi starts a new one by itself, for a
stopped processor too.
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

# Time for NiFi to get the answer that announces it.
_ANSWER_SECONDS = 0.5

_lock = threading.Lock()
# NiFi may put several processors of a kind into one process, from its eleventh on by default.
_running: weakref.WeakSet[Any] = weakref.WeakSet()
_starter: weakref.ref[Any] | None = None


class JavaRestartingError(OptionError):
    """Java needs other settings, so the Python process ends, and NiFi starts a new one."""

    validation_code = Code.JAVA_RESTARTING


def require_current(processor: Any, settings: RuntimeSettings, warn: Callable[[str], None]) -> None:
    """Check that Java runs with these settings; if this processor started it with others, end the process.

    Raises JavaRestartingError if the process ends, after ``warn`` got the message, and OptionError if it cannot end
    because other processors in it run. If another processor started Java, nothing happens.
    """
    key = _changed(settings)
    with _lock:
        if key is None or not _is_started_by(processor):
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
    message = (
        f"Java was started before {name} changed. It is being restarted with the change, in a new Python process; "
        "the processor is valid again in some seconds."
    )
    warn(message)
    threading.Timer(_ANSWER_SECONDS, os._exit, (0,)).start()
    raise JavaRestartingError(message, key)


def warn_if_shared(processor: Any, settings: RuntimeSettings, warn: Callable[[str], None]) -> None:
    """Warn if the processor runs with a Java that another one started with other settings."""
    key = _changed(settings)
    with _lock:
        if key is None or _is_started_by(processor):
            return
    name = OPTIONS[key].label
    warn(
        "This processor shares its Python process, and so its Java, with others of its type. Java was started with "
        f"the {name} of another one: {name} of this one does nothing. Give all of them the same {name} and "
        "restart NiFi; or let NiFi start more processes (nifi.python.max.processes.per.extension.type in "
        "nifi.properties)."
    )


def record_load(processor: Any) -> None:
    """Record that this processor tried to load its model: if that started Java, it is the one that started it."""
    global _starter
    with _lock:
        if _starter is None and jvm.is_started():
            _starter = weakref.ref(processor)


def set_running(processor: Any, state: bool) -> None:
    """Set whether a processor runs."""
    with _lock:
        (_running.add if state else _running.discard)(processor)


def _is_started_by(processor: Any) -> bool:
    """Whether this processor started Java, or one that is gone."""
    return _starter is not None and _starter() in (None, processor)


def _changed(settings: RuntimeSettings) -> str | None:
    """The key of the option whose value is not that with which Java was started; None if there is none."""
    try:
        jars = java_jars.mojo_runtime_jars(settings.mojo_runtime, settings.jar_folders)
    except RuntimeMissingError:
        # Loading the model raises this error, if the model needs them.
        jars = []
    options_changed, jars_changed = jvm.out_of_date(settings.jvm_options, jars)
    return "jvm_options" if options_changed else "mojo_runtime" if jars_changed else None
