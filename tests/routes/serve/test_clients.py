"""Clients that others wrote, in an environment of their own: what they score, and what they make of the description."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import environments
from tests.support.server.serving import Server
from tests.support.waiting import PATIENCE

Rows = list[dict[str, str]]
_HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python that has the clients."""
    return _python("clients", _HERE / "clients.txt")


def _python(name: str, requirements: Path) -> Path:
    try:
        return environments.python(name, requirements, print)
    except SystemExit as error:
        pytest.skip(f"the clients cannot be installed: {str(error)[-300:]}")


def told(python: Path, client: str, *arguments: object) -> Any:
    command = [python, _HERE / "clients" / client, *arguments]
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_nvidias_client(server: Server, python: Path, samples: Path, expected: Rows) -> None:
    found, as_json, said = told(python, "triton.py", server.host, samples / "penguins-rows.csv")
    assert found == pytest.approx([float(one["female"]) for one in expected])
    assert len(as_json) == 20
    assert set(as_json) <= set(found)
    assert "body_mass_g" in said


def test_h2os_client(server: Server, python: Path, samples: Path, expected: Rows) -> None:
    found, capabilities = told(python, "h2o_mlops.py", server.address, samples / "penguins-rows.csv")
    assert found == pytest.approx([float(one["female"]) for one in expected])
    assert "SCORE" in capabilities


def test_mlflows_client(server: Server, samples: Path, expected: Rows) -> None:
    python = _python("mlflow-client", _HERE / "clients" / "mlflow.txt")
    found = told(python, "mlflow_client.py", server.host.rpartition(":")[2], samples / "penguins-rows.csv")
    assert found == pytest.approx([float(one["female"]) for one in expected])


def test_requests_made_of_the_description(server: Server, python: Path) -> None:
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,unsupported_method"
    # One worker: in two threads, Python 3.11 sometimes fails to compile what schemathesis makes.
    done = subprocess.run(
        [str(python.with_name("schemathesis")), "run", f"{server.address}/openapi.json", "--checks", checks,
         "--max-examples", "5", "--seed", "1", "--workers", "1",
         # A busy machine is no fault of the server's.
         "--suppress-health-check", "too_slow", "--request-timeout", str(PATIENCE)],
        capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=server.log.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert server.get("/readyz").status == 200
