"""Starts and stops real NiFis: the whole of ``dai-nifi nifi`` as a user meets it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dai_nifi.commands.nifi import app
from dai_nifi.errors import ConflictError, NiFiUnreachableError
from dai_nifi.local import processes
from dai_nifi.local.instance import LocalNiFi
from dai_nifi.local.states import RunningNiFi
from tests.support.nifi.commands import interrupted
from tests.support.processes import in_group, running_in
from tests.support.waiting import PATIENCE, until, wait_for

pytestmark = pytest.mark.nifi


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNiFi]:
    # With a blank, as paths of people's projects have.
    nifi = LocalNiFi(tmp_path_factory.mktemp("nifi") / "my project")
    yield nifi
    nifi.stop()


@pytest.fixture(scope="module")
def started(local: LocalNiFi) -> RunningNiFi:
    return local.start(0, heap="512m")


def test_it_answers_with_its_version(started: RunningNiFi) -> None:
    with urllib.request.urlopen(f"{started.api}/flow/about", timeout=PATIENCE) as answer:
        assert json.load(answer)["about"]["version"] == "2.3.0"
    assert started.version == "2.3.0"
    assert not started.already_running
    with urllib.request.urlopen(f"{started.url}/", timeout=PATIENCE) as canvas:
        assert b"<title>NiFi" in canvas.read()


def test_the_standard_processors_are_there(started: RunningNiFi) -> None:
    with urllib.request.urlopen(f"{started.api}/flow/processor-types", timeout=30) as answer:
        types = {kind["type"].rpartition(".")[2] for kind in json.load(answer)["processorTypes"]}
    wanted = {"HandleHttpRequest", "HandleHttpResponse", "GetFile", "PutFile", "QueryDatabaseTableRecord"}
    assert wanted <= types
    assert {"UpdateAttribute", "PutDatabaseRecord"} <= types


def test_starting_again_returns_the_same_process(local: LocalNiFi, started: RunningNiFi) -> None:
    again = local.start()
    assert again.already_running
    assert (again.pid, again.url) == (started.pid, started.url)
    with pytest.raises(ConflictError, match="runs already"):
        local.start(1)


def test_status_and_logs(local: LocalNiFi, started: RunningNiFi) -> None:
    shown = CliRunner().invoke(app, ["status", "--dir", str(local.dir), "--json"])
    assert shown.exit_code == 0
    status = json.loads(shown.stdout)
    assert status["running"] is True
    assert (status["pid"], status["url"], status["version"]) == (started.pid, started.url, "2.3.0")
    assert status["uptime_seconds"] > 0
    tail = CliRunner().invoke(app, ["logs", "--dir", str(local.dir), "-n", "3"])
    assert tail.exit_code == 0
    assert len(tail.stdout.splitlines()) == 3


PROCESSOR = """
from nifiapi.flowfiletransform import FlowFileTransform, FlowFileTransformResult

class Nothing(FlowFileTransform):
    class Java:
        implements = ["org.apache.nifi.python.processor.FlowFileTransform"]
    class ProcessorDetails:
        version = "1.0"
    def __init__(self, **kwargs):
        super().__init__()
    def transform(self, context, flowfile):
        return FlowFileTransformResult(relationship="success")
"""


def place(api: str, kind: str) -> None:
    """Put a Python processor of that name on the canvas, which starts its process."""
    bundle = {"group": "org.apache.nifi", "artifact": "python-extensions", "version": "1.0"}
    body = {"revision": {"version": 0}, "component": {"type": kind, "bundle": bundle}}
    request = urllib.request.Request(
        f"{api}/process-groups/root/processors",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201


def is_cut_off(number: signal.Signals, nifi: LocalNiFi) -> None:
    """Start a NiFi by the command, which gets a signal as soon as NiFi's process runs."""
    code, said = interrupted(
        "  starting NiFi", number, "nifi", "start", "--port", "0", "--heap", "512m", "--dir", nifi.dir
    )
    if number is signal.SIGKILL:
        assert code == -number
        assert nifi.status().running
    else:
        assert (code, "Interrupted." in said) == (128 + number, True)
        # On a busy machine the command may end before the NiFi that it has ended.
        until(lambda: running_in(nifi.dir) == [])


def test_a_second_nifi_whose_starts_are_cut_off_and_which_is_killed(started: RunningNiFi, tmp_path: Path) -> None:
    """After ctrl-C nothing runs; what a killed command has started is found by the next; a killed NiFi starts again.

    One after the other in the same folder, since a whole start takes long: one follows SIGINT, the other SIGTERM.
    """
    other = LocalNiFi(tmp_path / "other")
    other.python_extensions.mkdir(parents=True)
    (other.python_extensions / "Nothing.py").write_text(PROCESSOR, encoding="ascii")
    try:
        is_cut_off(signal.SIGINT, other)
        is_cut_off(signal.SIGKILL, other)
        first = other.start(timeout=120)
        assert first.already_running
        assert first.url != started.url
        has_its_python(first)
        assert first.pid is not None
        run = json.loads((other.dir / "run.json").read_text("utf-8"))
        os.kill(first.pid, signal.SIGKILL)
        assert processes.wait_until_gone(first.pid, run["identity"], 10)
        assert not other.status().running
        # Python that a killed NiFi has left is ended by the next start.
        is_cut_off(signal.SIGTERM, other)
        assert in_group(first.pid) == []
        second = other.start(0, heap="512m")
        assert not second.already_running
        assert second.pid not in (None, first.pid)
        has_its_python(second)
    finally:
        assert other.stop()
    assert in_group(second.pid or 0) == []
    assert running_in(tmp_path) == []
    assert not other.status().running
    # The first goes on.
    with urllib.request.urlopen(f"{started.api}/flow/about", timeout=PATIENCE) as answer:
        assert answer.status == 200


def has_its_python(nifi: RunningNiFi) -> None:
    """Make NiFi start the process of a processor: there are NiFi, the controller of its Python processes, and that."""
    place(nifi.api, "Nothing")
    assert wait_for(lambda: len(in_group(nifi.pid or 0)) >= 3)


def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConflictError, match=f"Port {port} "):
            LocalNiFi(tmp_path / "x").start(port)
    assert running_in(tmp_path) == []


def test_a_nifi_that_ends_early_is_reported_with_its_last_words(tmp_path: Path) -> None:
    nifi = LocalNiFi(tmp_path / "x")
    with pytest.raises(NiFiUnreachableError, match="Invalid maximum heap size"):
        nifi.start(0, heap="1potato")
    assert not nifi.status().running
    with pytest.raises(NiFiUnreachableError, match="within 1 s"):
        nifi.start(0, timeout=1)
    assert running_in(tmp_path) == []


def test_a_recycled_process_id_is_never_touched(tmp_path: Path) -> None:
    nifi = LocalNiFi(tmp_path / "x")
    nifi.dir.mkdir()
    run = {
        "pid": os.getpid(),
        "identity": "of an earlier process",
        "mark": "0" * 32,
        "port": 1,
        "management_port": 2,
        "started": 0.0,
    }
    (nifi.dir / "run.json").write_text(json.dumps(run), encoding="utf-8")
    assert not nifi.status().running
    assert nifi.stop() is False
    assert processes.identity(os.getpid()) is not None


def test_the_interpreter_of_the_processors_is_this_one(local: LocalNiFi, started: RunningNiFi) -> None:
    assert f"nifi.python.command={sys.executable}\n" in (local.conf / "nifi.properties").read_text("ascii")
