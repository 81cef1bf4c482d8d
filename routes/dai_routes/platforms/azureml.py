"""The entry script of AzureML's inference server: ``init`` loads the model, ``run`` answers a request.

A ``score.py`` imports both. The server calls ``run`` for requests to /score, and answers / itself. The model is the one
in AZUREML_MODEL_DIR, unless the variable MODEL or MOJO_FILE_PATH names another.
"""

from __future__ import annotations

import signal
import threading

from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse

from dai_routes.platforms.model import loaded
from dai_routes.platforms.requests import scored_at
from dai_scoring.service import HttpRequest, ScoringService

_service: ScoringService | None = None


def init() -> None:
    """Load the model. If it cannot be loaded, the log says why, and every request gets the status 503."""
    global _service
    _service = loaded()
    # Java has replaced the server's signal handler. Restore it: otherwise SIGTERM would crash the process in Java.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


@rawhttp  # type: ignore[untyped-decorator, unused-ignore]
def run(request: AMLRequest) -> AMLResponse:
    """Answer a request: rows in any format, or a request of H2O's REST scorer; errors are JSON with their status."""
    if _service is None:
        raise RuntimeError("run was called before init")
    body = request.get_data()
    path = scored_at(request.path, body)
    response = _service.respond_http(HttpRequest(request.method, path, request.args, dict(request.headers), body))
    content = response.body if isinstance(response.body, bytes) else response.body.read_bytes()
    return AMLResponse(content, response.status, dict(response.headers))
