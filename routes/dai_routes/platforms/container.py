"""The command of a container: ``dai-score serve`` with the model and the port that the platform sets.

SageMaker starts an image with the word ``serve``; all other words are options of ``dai-score serve``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from dai_routes.platforms.model import model_path

PORTS = ("PORT", "AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT")
"""The variables that may set the port: of Cloud Run and most platforms, of Vertex AI, and of SageMaker."""

_USUAL = "8080"


def port(environment: Mapping[str, str] = os.environ) -> str:
    """The port to listen at."""
    return next(filter(None, map(environment.get, PORTS)), _USUAL)


def command(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> list[str]:
    """The command ``dai-score serve`` as a list, for the arguments that the image was started with."""
    further = list(words[1:] if words[:1] == ["serve"] else words)
    model = str(model_path(environment))
    return ["dai-score", "serve", model, "--host", "0.0.0.0", "--port", port(environment), *further]  # noqa: S104


def main() -> None:
    """Run the server. Ends with the exit code of ``dai-score serve``."""
    from dai_scoring.cli.__main__ import main as run

    sys.argv = command(sys.argv[1:])
    run()


if __name__ == "__main__":
    main()
