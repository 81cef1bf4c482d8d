"""What the tests ask of the engine and of compose."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.nifi.http import ask

SECONDS = 600


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.strip()


def container(project: str, service: str) -> str:
    """The container of a service, running or not."""
    labels = {"project": project, "service": service}
    filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
    return docker("ps", "--all", "--quiet", *filters)


def state(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("inspect", name))[0]["State"]
    return found


def wait_until(reached: Callable[[], Any], said: Callable[[], object]) -> None:
    """Wait for something to be so, and say what is so instead where it does not come."""
    end = time.monotonic() + SECONDS
    while not reached():
        assert time.monotonic() < end, said()
        time.sleep(1)


def wait_until_healthy(name: str) -> None:
    def healthy() -> bool:
        found = state(name)
        assert found["Running"], docker("logs", "--tail", "50", name)
        return bool(found["Health"]["Status"] == "healthy")

    wait_until(healthy, lambda: state(name))


def answered(endpoint: str, rows: str) -> list[tuple[str, float, float]]:
    """What realtime-http with the sample model makes of rows of CSV."""
    found = csv.DictReader(io.StringIO(ask(endpoint, rows, "text/csv").body))
    return [(row["predict"], float(row["female"]), float(row["male"])) for row in found]


@dataclass(frozen=True)
class Compose:
    """A project of compose that is up."""

    command: tuple[str, ...]
    project: str
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        command = [*self.command, "--project-name", self.project, *arguments]
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-5000:]}{done.stderr[-5000:]}"
        return done.stdout.strip()

    def container(self, service: str) -> str:
        return container(self.project, service)

    def address(self, service: str, port: int) -> str:
        """Where a port of a container is published, as HOST:PORT."""
        return self.run("port", service, str(port))


@contextmanager
def up(command: str, file: Path, name: str, environment: Mapping[str, str], *options: str) -> Iterator[Compose]:
    """Bring a compose file up under a project's name of the tests' own, and down with its volumes in any case."""
    words = (*command.split(), "--file", str(file), *options)
    made = Compose(words, f"dai-scoring-{name}-{os.getpid()}", environment)
    try:
        made.run("up", "--build", "--detach")
        yield made
    finally:
        made.run("down", "--volumes", "--timeout", "30")
