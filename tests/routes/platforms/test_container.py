"""What a container runs, as a process: the server at the platform's port, and its health check."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.waiting import PATIENCE, until

pytestmark = pytest.mark.runtime


def health(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dai_routes.platforms.health"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def environment(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of a container that serves the sample model, started as SageMaker does."""
    found = {**os.environ, "MODEL": str(samples / "penguins.mojo"), "PORT": str(free_port())}
    log = tmp_path_factory.mktemp("container") / "log"
    # The last --host counts: a test listens on the loopback interface only.
    command = [sys.executable, "-m", "dai_routes.platforms.container", "serve", "--host", "127.0.0.1"]
    with log.open("w") as out:
        process = subprocess.Popen(command, env=found, stdout=out, stderr=subprocess.STDOUT)
    try:
        until(lambda: process.poll() is not None or health(found).returncode == 0)
        assert process.poll() is None, log.read_text()
        yield found
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


def test_it_scores_at_the_platform_s_port(environment: dict[str, str], samples: Path) -> None:
    url = f"http://127.0.0.1:{environment['PORT']}"
    with urllib.request.urlopen(f"{url}/ping", timeout=PATIENCE) as response:
        assert response.status == 200
    rows = (samples / "penguins-rows.csv").read_bytes()
    request = urllib.request.Request(f"{url}/score", rows, {"Content-Type": "text/csv"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        found = [row["male"] for row in csv.DictReader(response.read().decode().splitlines())]
    with (samples / "penguins-expected.csv").open(newline="", encoding="utf-8") as file:
        assert [float(one) for one in found] == [float(row["male"]) for row in csv.DictReader(file)]


def test_a_server_that_is_not_there_is_not_healthy() -> None:
    ended = health({**os.environ, "PORT": str(free_port())})
    assert ended.returncode == 1
    assert ended.stderr.startswith("The server cannot score: ")
