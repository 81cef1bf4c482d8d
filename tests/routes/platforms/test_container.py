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

from dai_routes.serve import command, usual
from dai_routes.serve.running import start
from dai_routes.serve.settings import ServerSettings
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE, until

pytestmark = pytest.mark.runtime

# Started without any option, as a container is, but on the loopback interface.
USUAL = """
import sys
from dai_routes.platforms.container import load_usual
from dai_scoring.cli.starting import start
sys.argv = ["dai-score", "serve", sys.argv[1], "--host", "127.0.0.1", "--port", sys.argv[2]]
start(load_usual, "serve")
"""
COMMAND_LINE = "import sys, dai_routes.serve.usual, dai_routes.serve.running.start; print(*sys.modules)"


def health(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dai_routes.platforms.health"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", params=["command", "usual"])
def environment(
    request: pytest.FixtureRequest, samples: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Of a container that serves the sample model, started as SageMaker does, or without an option."""
    found = {**os.environ, "MODEL": str(samples / "penguins.mojo"), "PORT": str(free_port())}
    log = tmp_path_factory.mktemp("container") / "log"
    # The last --host counts: a test listens on the loopback interface only.
    words = ["-m", "dai_routes.platforms.container", "serve", "--host", "127.0.0.1"]
    if request.param == "usual":
        words = ["-c", USUAL, found["MODEL"], found["PORT"]]
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, *words], env=found, stdout=out, stderr=subprocess.STDOUT)
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
    # A container may have the variables of a proxy, which cannot ask it.
    proxy = {"http_proxy": f"http://127.0.0.1:{free_port()}", "no_proxy": "", "NO_PROXY": ""}
    assert health({**environment, **proxy}).returncode == 0
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


def test_without_an_option_the_settings_are_those_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIVERLESS_AI_LICENSE_KEY", "key")
    monkeypatch.setenv("AIP_PREDICT_ROUTE", "/vertex")
    found: list[ServerSettings] = []
    monkeypatch.setattr(start, "run", found.append)
    command.serve(["good=penguins.mojo"], host="127.0.0.1", port=81)
    assert found == [usual.settings("good=penguins.mojo", "127.0.0.1", 81)]


def test_without_an_option_no_package_of_the_command_line_is_loaded() -> None:
    ran = subprocess.run([sys.executable, "-c", COMMAND_LINE], capture_output=True, text=True, check=True)
    assert "uvicorn" in ran.stdout.split()
    assert not {"typer", "pydantic", "rich"} & set(ran.stdout.split())


@pytest.mark.parametrize("variables", [{"WEB_SERVER_WORKERS": "none"}, {"PORT": "none"}], ids=["workers", "port"])
def test_options_of_the_environment_are_the_command_s(variables: dict[str, str], samples: Path) -> None:
    environment = {**os.environ, "MODEL": str(samples / "penguins.mojo"), **variables}
    words = [sys.executable, "-m", "dai_routes.platforms.container"]
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "Invalid value" in ran.stderr


def test_a_model_that_is_not_there_is_an_error_of_the_command(tmp_path: Path) -> None:
    environment = {**os.environ, "MODEL": str(tmp_path / "absent.mojo"), "PORT": str(free_port())}
    words = [sys.executable, "-m", "dai_routes.platforms.container"]
    ended = [
        subprocess.run([*words, *more], env=environment, capture_output=True, text=True, check=False)
        for more in ((), ("--workers", "1"))
    ]
    assert [one.returncode for one in ended] == [5, 5]
    assert ended[0].stderr == ended[1].stderr != ""
