"""A server with no other option than its address, without the packages of the command line.

typer and pydantic take a fifth of the processor time until such a server has scored once. In a container that time
counts. The command itself, which takes every option, is :mod:`dai_routes.serve.command`.
"""

from __future__ import annotations

import os

from dai_routes.serve import arguments, environment
from dai_routes.serve.settings import ServerSettings
from dai_scoring.batch.options import FileOptions
from dai_scoring.models import Runtime
from dai_scoring.scorer import PipelineSettings, RuntimeSettings


def settings(model: str, host: str, port: int) -> ServerSettings:
    """The settings of ``dai-score serve MODEL --host HOST --port PORT``."""
    dialects = arguments.dialects("")
    return ServerSettings(
        arguments.models([model]),
        FileOptions(),
        Runtime.AUTO,
        RuntimeSettings(
            licence_key=os.environ.get("DRIVERLESS_AI_LICENSE_KEY"),
            pipeline=PipelineSettings(score_timeout=ServerSettings.timeout + 1),
        ),
        host=host,
        port=port,
        dialects=dialects,
        routes=environment.routes(dialects),
    )
