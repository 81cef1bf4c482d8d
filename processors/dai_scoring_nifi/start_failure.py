"""Why a processor does not start, as NiFi shows it: a sentence instead of Python's stack trace."""

from __future__ import annotations

from nifiapi.__jvm__ import JvmHolder
from py4j.protocol import Py4JError, Py4JJavaError

from dai_scoring_nifi.bulletins import on_canvas


def start_failure(error: Exception) -> Exception:
    """What to raise of an error in onScheduled: one of Java's, which NiFi's bridge lets through as it is.

    Of any other the bridge makes a text with the whole stack trace, which then stands on the canvas, twice. Letting
    Java's through is an option of the bridge that NiFi leaves off. Where it cannot be had, the error itself must do.
    """
    message = on_canvas(error)
    try:
        server = JvmHolder.gateway.get_callback_server()
        server.callback_server_parameters.propagate_java_exceptions = True
        said = JvmHolder.jvm.org.apache.nifi.processor.exception.ProcessException(message)
        crossing: Exception = Py4JJavaError(message, said)
    except (AttributeError, TypeError, Py4JError):
        return error
    return crossing
