"""What a worker has done, in the text format of Prometheus, and whether it is ready: for probes and monitoring."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from dai_routes.serve.answering.metrics import MIME_TYPE
from dai_scoring.cli.errors import PrerequisiteError


@dataclass
class Counts:
    """The numbers of one worker; each is changed by one thread at a time."""

    scored: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    redelivered: int = 0
    batches: int = 0
    repeated: int = 0
    """Batches that were not settled."""
    scoring_seconds: float = 0.0
    settling_seconds: float = 0.0
    is_ready: bool = False
    model: str = ""

    def text(self) -> str:
        """All numbers."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        for name, value, meaning in (
            ("messages_scored", self.scored, "Messages that were scored and published."),
            ("messages_redelivered", self.redelivered, "Messages that the broker had delivered before."),
            ("batches", self.batches, "Batches of messages that were settled."),
            ("batches_repeated", self.repeated, "Batches that were not settled and came again."),
            ("scoring_seconds", self.scoring_seconds, "Time spent scoring."),
            ("settling_seconds", self.settling_seconds, "Time spent publishing and acknowledging."),
        ):
            yield f"# HELP dai_stream_{name}_total {meaning}\n# TYPE dai_stream_{name}_total counter"
            yield f"dai_stream_{name}_total {value:.12g}"
        yield "# HELP dai_stream_messages_rejected_total Messages that could not be scored, by code."
        yield "# TYPE dai_stream_messages_rejected_total counter"
        for code, count in sorted(self.rejected.copy().items()):
            yield f'dai_stream_messages_rejected_total{{code="{code}"}} {count}'
        yield "# HELP dai_stream_ready Whether the worker takes messages.\n# TYPE dai_stream_ready gauge"
        yield f"dai_stream_ready {int(self.is_ready)}"
        yield f'# HELP dai_model_info The model.\n# TYPE dai_model_info gauge\ndai_model_info{{id="{self.model}"}} 1'


@contextmanager
def answering(counts: Counts, host: str, port: int | None) -> Iterator[int | None]:
    """Answer /metrics, /readyz and /livez in a thread; gives the port. Nothing is done if ``port`` is None."""
    if port is None:
        yield None
        return
    answers: dict[str, Callable[[], tuple[int, str]]] = {
        "/metrics": lambda: (200, counts.text()),
        "/readyz": lambda: (200, "ready\n") if counts.is_ready else (503, "not ready\n"),
        "/livez": lambda: (200, "alive\n"),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = answers.get(self.path, lambda: (404, "There are /metrics, /readyz and /livez.\n"))()
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", MIME_TYPE if self.path == "/metrics" else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: probes come every few seconds."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise PrerequisiteError(f"--metrics-port {port} at {host} cannot be listened on: {error.strerror}.") from error
    threading.Thread(target=server.serve_forever, name="dai-stream-metrics", daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
