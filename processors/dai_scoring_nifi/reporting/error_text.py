"""The texts of errors on NiFi's canvas."""

from __future__ import annotations

import dai_nifi_protocol as protocol
from dai_scoring.errors import EnvironmentMissingError, LicenceError, ScoringError
from dai_scoring.option_words import Audience


def on_canvas(error: Exception) -> str:
    """The text of an error, with the names of the processor's properties."""
    return error.text_for(Audience.CANVAS) if isinstance(error, ScoringError) else str(error)


def with_code(error: Exception) -> str:
    """The text of :func:`on_canvas`; errors that dai-nifi has to recognise get a code in front of it."""
    text = on_canvas(error)
    if isinstance(error, EnvironmentMissingError) and error.being_made:
        return protocol.with_code(protocol.Code.ENVIRONMENT_BEING_MADE, text, error.progress)
    code = getattr(error, "validation_code", protocol.Code.LICENCE if isinstance(error, LicenceError) else None)
    return text if code is None else protocol.with_code(code, text)
