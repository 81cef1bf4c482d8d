"""Whether a processor waits for its Python process, told from NiFi's words for it.

The messages are put together from the texts in the classes of NiFi 2.3.0 and its Py4J. A running NiFi was seen to say
"Cannot obtain a new communication channel"; how the two others of Py4J end is made up.
"""

from __future__ import annotations

import pytest

from dai_nifi.operations.canvas.validity import is_not_ready

_VALIDATION = "'Perform Validation' is invalid because Failed to trigger Python Processor to perform validation: "


@pytest.mark.parametrize(
    "error",
    [
        "'Processor' is invalid because Initializing runtime environment for the Processor.",
        "'Processor' is invalid because In the process of loading Processor code",
        _VALIDATION + "py4j.Py4JNetworkException: Cannot obtain a new communication channel",
        _VALIDATION + "py4j.Py4JNetworkException: Error while sending a command: null",
    ],
)
def test_a_processor_without_a_process_is_not_ready(error: str) -> None:
    assert is_not_ready(error)


@pytest.mark.parametrize(
    "error",
    [
        _VALIDATION + "py4j.Py4JException: An exception was raised by the Python Proxy. Return Message: KeyError",
        "'Model' validated against '/no.mojo' is invalid because The specified resource(s) do not exist",
    ],
)
def test_a_processor_with_an_error_is_not_waited_for(error: str) -> None:
    assert not is_not_ready(error)
