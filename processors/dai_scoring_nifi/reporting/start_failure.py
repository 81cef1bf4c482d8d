"""The exception that keeps a processor from starting: NiFi shows its sentence instead of a stack trace."""

from __future__ import annotations

from nifiapi.__jvm__ import JvmHolder
from py4j.protocol import Py4JError, Py4JJavaError

from dai_scoring_nifi.reporting.error_text import on_canvas


def start_failure(error: Exception) -> Exception:
    """What to raise in onScheduled for an error: an exception of Java's, which NiFi's bridge passes on as it is.

    The bridge turns any other into a text with the whole stack trace, which the canvas then shows twice. To pass on
    Java's is an option of the bridge that NiFi leaves off. If it cannot be set, the error itself is returned.
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
