"""The command of a container: ``dai-score serve`` with the model and the port that the platform sets.

SageMaker starts an image with the word ``serve``; all other words are options of ``dai-score serve``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from dai_routes.platforms.model import model_path

PORTS = ("PORT", "AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT")
"""The variables that may set the port: of Cloud Run and most platforms, of Vertex AI, and of SageMaker."""

_USUAL = "8080"
_POSSIBLE = range(1 << 16)
# An option of the server by the environment.
_WORKERS = "WEB_SERVER_WORKERS"


def port(environment: Mapping[str, str] = os.environ) -> str:
    """The port to listen at."""
    return next(filter(None, map(environment.get, PORTS)), _USUAL)


def command(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> list[str]:
    """The command ``dai-score serve`` as a list, for the arguments that the image was started with."""
    further = _further(words)
    model = str(model_path(environment))
    return ["dai-score", "serve", model, "--host", "0.0.0.0", "--port", port(environment), *further]  # noqa: S104


def main() -> None:
    """Run the server. Ends with the exit code of ``dai-score serve``."""
    from dai_scoring.cli import __main__, starting

    number = port()
    has_options = bool(_further(sys.argv[1:]) or os.environ.get(_WORKERS))
    sys.argv = command(sys.argv[1:])
    if not has_options and number.isdecimal() and int(number) in _POSSIBLE:
        starting.start(load_usual, "serve")
    else:
        __main__.main()


def _further(words: Sequence[str]) -> list[str]:
    return list(words[1:] if words[:1] == ["serve"] else words)


def load_usual() -> Callable[[], None]:
    """The same server as by the command, started without the packages of the command line."""
    from dai_routes.serve import usual
    from dai_routes.serve.running import start
    from dai_scoring.cli import ending, error_boundary

    _, _, model, _, host, _, number = sys.argv
    return lambda: ending.run(lambda: start.run(usual.settings(model, host, int(number))), error_boundary.as_tool_error)


if __name__ == "__main__":
    main()
