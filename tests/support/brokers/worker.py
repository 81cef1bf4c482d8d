"""``dai-score stream`` as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import PATIENCE, until

COMMAND = [sys.executable, "-m", "dai_scoring.cli", "stream"]


@dataclass
class Worker:
    process: subprocess.Popen[str]
    log: Path
    first: str
    """The lines that it printed until it was ready."""

    def metrics(self) -> str:
        """Its metrics, if it was started with --metrics-port."""
        with urllib.request.urlopen(self.first.split()[2], timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def scored(self) -> int:
        """How many messages it has scored."""
        (line,) = (one for one in self.metrics().splitlines() if one.startswith("dai_stream_messages_scored_total "))
        return int(line.split()[1])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code after the signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def end_while_it_connects(self, port: int) -> int:
        """The exit code after SIGTERM, sent once it has connected again to a port that does not answer.

        Its broker, which had the port, must have ended.
        """
        with until(lambda: _listening(port)) as silent:
            silent.settimeout(PATIENCE)
            with silent.accept()[0]:
                return self.end()

    def ended(self) -> int:
        """The exit code of a worker that ends by itself."""
        return self.process.wait(PATIENCE)


@contextmanager
def working(folder: Path, *arguments: object, environment: Mapping[str, str] | None = None) -> Iterator[Worker]:
    """A worker that has connected, ended afterwards; its log is in the folder, added to that of earlier ones."""
    log = folder / "worker.log"
    with log.open("a") as errors:
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **(environment or {})},
        )
    try:
        assert process.stdout is not None
        first = ""
        for line in process.stdout:
            first += line
            if line.startswith("Scoring "):
                break
        else:
            raise AssertionError((first, log.read_text()[-3000:]))
        yield Worker(process, log, first)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def run(*arguments: object, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A worker that ends by itself, such as one with --drain."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
        timeout=PATIENCE,
    )


def _listening(port: int) -> socket.socket | None:
    """A socket that listens on a port; None while connections of the server that had it are still ending."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None
