"""The function that AWS Lambda calls: ``dai_routes.platforms.aws_lambda.handler``.

The import loads the model, once, in the function's init phase. If the model cannot be loaded, the log says why, and
every call gets an error with the status 503.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dai_scoring.cli import collector


def _started() -> Callable[[Any, Any], Any]:
    with collector.paused():
        from dai_routes.platforms import lambda_java
        from dai_routes.platforms.lambda_handler import handler_of
        from dai_routes.platforms.model import loaded

        service = loaded(lambda_java.home(), lambda_java.options())
    lambda_java.end_on_sigterm(service.close)
    return handler_of(service)


handler = _started()
