"""A Redis of the tests' own, from the Debian package redis-server, on loopback."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.server.certificates import Authority
from tests.support.waiting import PATIENCE, until


@dataclass
class Redis:
    """A server, a client of it that is for the test, and its address with TLS by an authority of the tests' own."""

    url: str
    secured: str
    authority: Path
    client: Any
    _command: list[str]
    _folder: Path
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        from redis.exceptions import ConnectionError as NoConnectionError

        def answers() -> bool:
            try:
                return bool(self.client.ping())
            except NoConnectionError:
                return False

        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._folder)
        until(answers)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)


@contextmanager
def redis_server(folder: Path) -> Iterator[Redis]:
    """Run a server that writes each change to its file before it answers, and end it."""
    module = pytest.importorskip("redis", reason="redis is not installed: pip install '.[redis]'")
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed: apt-get install redis-server")
    port, secured = free_port(), free_port()
    authority = Authority(folder)
    pair = authority.pair("redis")
    files = [
        "--tls-cert-file",
        pair.certificate,
        "--tls-key-file",
        pair.key,
        "--tls-ca-cert-file",
        authority.certificate,
    ]
    encrypted = ["--tls-port", secured, *files, "--tls-auth-clients", "no"]
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always"]
    url = f"redis://127.0.0.1:{port}/0"
    address = f"rediss://127.0.0.1:{secured}/0"
    server = Redis(
        url, address, authority.certificate, module.Redis.from_url(url), [program, *words, *map(str, encrypted)], folder
    )
    server.start()
    try:
        yield server
    finally:
        server.client.close()
        server.end()
