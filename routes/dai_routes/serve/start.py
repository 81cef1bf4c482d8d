"""The start of a server, and its end: what the command does once it knows its settings."""

from __future__ import annotations

from dai_routes.serve import request_log
from dai_routes.serve.listening import address_of, listen
from dai_routes.serve.process import ServingProcess
from dai_routes.serve.settings import ServerSettings
from dai_scoring.cli import signals
from dai_scoring.cli.opening import translated


def run(settings: ServerSettings) -> None:
    """Serve until SIGTERM or ctrl-C; returns then. Raises ToolError if the server cannot start."""
    listener = listen(settings.host, settings.port)
    address = address_of(listener, settings.scheme, settings.host)
    with listener:
        with translated():
            process = ServingProcess(settings)
        request_log.set_up()
        signals.hand_over()
        try:
            process.serve(listener, lambda: print(f"Serving {_names(settings)} at {address}", flush=True))
        finally:
            process.close()


def _names(settings: ServerSettings) -> str:
    return ", ".join(one.name for one in settings.models)
