"""The exception that keeps a processor from starting; NiFi shows its message without a stack trace."""

from __future__ import annotations

from nifiapi.__jvm__ import JvmHolder
from py4j.protocol import Py4JError, Py4JJavaError

from dai_scoring_nifi.reporting.error_text import on_canvas


def start_failure(error: Exception) -> Exception:
    """The exception to raise in onScheduled for an error: one of Java's, which NiFi's bridge passes on as it is.

    The bridge turns any other exception into a text with the whole stack trace, which the canvas shows twice. It passes
    Java's exceptions on only if an option is set, which NiFi does not set. If this cannot set it either, the error
    itself is returned.
    """
    message = on_canvas(error)
    try:
        server = JvmHolder.gateway.get_callback_server()
        server.callback_server_parameters.propagate_java_exceptions = True
        java_exception = JvmHolder.jvm.org.apache.nifi.processor.exception.ProcessException(message)
        failure: Exception = Py4JJavaError(message, java_exception)
    except (AttributeError, TypeError, Py4JError):
        return error
    return failure
