"""``dai-score serve`` as a process of its own, and requests to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.waiting import PATIENCE

COMMAND = [sys.executable, "-m", "dai_scoring.cli", "serve"]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Server:
    address: str
    process: subprocess.Popen[str]
    log: Path
    tls: ssl.SSLContext | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    def connection(self) -> http.client.HTTPConnection:
        if self.tls is not None:
            return http.client.HTTPSConnection(self.host, timeout=PATIENCE, context=self.tls)
        return http.client.HTTPConnection(self.host, timeout=PATIENCE)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = self.connection()
        try:
            connection.request(method, path, body, dict(headers or {}))
            found = connection.getresponse()
            return Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=_named(headers))

    def post(self, path: str, value: Any, kind: str = "application/json", **headers: str) -> Answer:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.ask("POST", path, body, {"Content-Type": kind, **_named(headers)})

    def logged(self) -> list[dict[str, Any]]:
        """What it has logged, a line each; other output is left out."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code after the signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}


@contextmanager
def serving(
    folder: Path,
    *arguments: object,
    environment: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    command: Sequence[str] = COMMAND,
) -> Iterator[Server]:
    """A server on a free port of this machine, ended afterwards; its log is in the folder."""
    log = folder / "server.log"
    words = [*command, *map(str, arguments), "--port", "0"]
    with log.open("w") as errors:
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **(environment or {})}
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Serving "), (line, log.read_text())
        yield Server(line.split()[-1], process, log, tls)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()
