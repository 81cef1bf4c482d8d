"""The image in an engine: it is healthy, is not root, scores without any installation, and keeps its flow."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dai_nifi.client.connection import connect
from dai_nifi.errors import InvalidFlowError
from dai_nifi.local.assembly import version
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.status import status
from dai_nifi.waiting import wait_until
from tests.docker.engine import SECONDS, answered, container, docker, wait_until_healthy
from tests.support.nifi.http import expected

pytestmark = [pytest.mark.nifi, pytest.mark.usefixtures("elsewhere")]


@pytest.fixture(scope="module")
def healthy(url: str, docker_compose_project_name: str) -> str:
    name = container(docker_compose_project_name, "nifi")
    wait_until_healthy(name)
    connect(url)
    return name


@pytest.fixture(scope="module")
def endpoint(healthy: str, samples: Path, docker_services: Any) -> str:
    """The flow realtime-http, deployed from outside without installing anything."""
    parameters = {"http.host": "0.0.0.0", "http.port": "8081"}
    made = deploy(Request("realtime-http", samples / "penguins.mojo", parameters=parameters))
    assert made.running
    return f"http://127.0.0.1:{docker_services.port_for('nifi', 8081)}/score"


def test_it_is_not_root_and_listens_on_loopback(healthy: str) -> None:
    assert docker("exec", healthy, "id", "--user") == "1000"
    assert docker("exec", healthy, "python3", "/opt/nifi/dai/health.py") == f"NiFi {version()}"
    bound = json.loads(docker("inspect", healthy))[0]["NetworkSettings"]["Ports"]
    assert {one["HostIp"] for port in bound.values() for one in port} == {"127.0.0.1"}
    assert {".nar"} == {Path(one).suffix for one in docker("exec", healthy, "ls", "nar_extensions").split()}


def test_it_scores_and_keeps_its_flow_in_the_volume(healthy: str, endpoint: str, url: str, samples: Path) -> None:
    rows = (samples / "penguins-rows.csv").read_text()
    assert answered(endpoint, rows) == expected(samples)
    docker("restart", "--time", "60", healthy)
    wait_until_healthy(healthy)
    connect(url)
    wait_until(
        lambda: status("realtime-http").state == "running" or None, SECONDS, lambda: InvalidFlowError("it is stopped")
    )
    assert answered(endpoint, rows) == expected(samples)


@pytest.mark.parametrize("name", ["compose.yaml", "compose.cluster.yaml"])
def test_compose_takes_its_files(
    docker_compose_command: str, setting: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIFI_SENSITIVE_PROPS_KEY", "k" * 12)
    command = [*docker_compose_command.split(), "--file", str(setting / "docker" / name), "config", "--quiet"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_what_it_is_told_is_not_in_its_log(healthy: str) -> None:
    key = docker("exec", healthy, "cat", "/opt/nifi/data/sensitive-properties.key")
    told = docker("logs", healthy)
    assert len(key) >= 12
    assert "org.apache.nifi" in told
    assert key not in told
