"""What NiFi's own files tell: its Python against that of the archives, and what it logs; what an old NiFi answers."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dai_nifi.checkup import local, server
from dai_nifi.checkup.finding import OK, PROBLEM, UNKNOWN, Finding
from dai_nifi.client import connection
from tests.support.server.web_server import Answers, served

MINOR = ".".join(platform.python_version_tuple()[:2])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "conf").mkdir()
    configure(tmp_path, sys.executable)
    log(tmp_path, '<logger name="py4j" level="WARN"/>')
    return tmp_path


def configure(home: Path, python: str) -> None:
    (home / "conf" / "nifi.properties").write_text(f"# theirs\nnifi.web.http.port=8080\nnifi.python.command={python}\n")


def log(home: Path, logger: str) -> None:
    text = f'<configuration>{logger}<root level="INFO"/></configuration>'
    (home / "conf" / "logback.xml").write_text(text)


def archive(home: Path, tag: str) -> None:
    packages = home / "work/nar/extensions/nifi-dai-score-java-nar-0.1.0.nar-unpacked/NAR-INF/bundled-dependencies"
    (packages / "pyarrow").mkdir(parents=True)
    (packages / "pyarrow" / f"lib.cpython-{tag}-x86_64-linux-gnu.so").touch()


def found(home: Path | None, said: str | None = None) -> dict[str, Finding]:
    return {one.check: one for one in local.examine(home, said)}


def test_a_python_that_the_archives_are_for(home: Path) -> None:
    archive(home, MINOR.replace(".", ""))
    assert {one.state for one in found(home).values()} == {OK}
    assert platform.python_version() in found(home)["Python"].says


def test_an_archive_for_another_python(home: Path) -> None:
    archive(home, "39")
    python = found(home)["Python"]
    assert (python.state, python.fix) == (
        PROBLEM,
        f"dai-nifi nars build --python-version {MINOR}, then dai-nifi nars install.",
    )
    assert "built for 3.9" in python.says


@pytest.mark.parametrize(("command", "says"), [("", "is not set"), ("/nowhere/python", "does not run")])
def test_no_python_that_runs(home: Path, command: str, says: str) -> None:
    configure(home, command)
    python = found(home)["Python"]
    assert python.state == PROBLEM
    assert says in python.says


def test_a_python_that_the_processors_are_not_for(home: Path) -> None:
    old = home / "python3.8"
    old.write_text("#!/bin/sh\necho 3.8.20\n")
    old.chmod(0o755)
    configure(home, str(old))
    assert found(home)["Python"].state == PROBLEM
    assert found(None, "3.14.1")["Python"].state == PROBLEM
    assert found(None, "3.13.1")["Python"].state == OK
    assert found(None)["Python"].state == UNKNOWN


@pytest.mark.parametrize(
    ("logger", "state"),
    [
        ("", PROBLEM),
        ('<logger name="py4j" level="DEBUG"/>', PROBLEM),
        ('<logger name="py4j" level="error"/>', OK),
        ("<logger", UNKNOWN),
    ],
)
def test_what_the_bridge_logs(home: Path, logger: str, state: str) -> None:
    log(home, logger)
    assert found(home)["log level"].state == state


def _machine(free: int, java: str) -> dict[str, Any]:
    usage = {"freeSpaceBytes": free, "totalSpaceBytes": 100 << 30}
    return {
        "versionInfo": {"javaVersion": java, "javaVendor": "Nobody"},
        "flowFileRepositoryStorageUsage": usage,
        "contentRepositoryStorageUsage": [usage],
        "provenanceRepositoryStorageUsage": [{"freeSpaceBytes": 0, "totalSpaceBytes": -1}],
    }


_ANSWERS = {
    "/nifi-api/flow/about": {"about": {"version": "1.28.1"}},
    "/nifi-api/flow/cluster/summary": {
        "clusterSummary": {
            "clustered": True,
            "connectedNodes": "1 / 2",
            "connectedNodeCount": 1,
            "totalNodeCount": 2,
        }
    },
    "/nifi-api/system-diagnostics?nodewise=True": {
        "systemDiagnostics": {
            # As NiFi adds up: the disk of the second node is not seen to be full.
            "aggregateSnapshot": _machine(50 << 30, "25"),
            "nodeSnapshots": [
                {"address": "one", "apiPort": 8080, "snapshot": _machine(50 << 30, "25")},
                {"address": "two", "apiPort": 8081, "snapshot": _machine(5 << 20, "11.0.2")},
            ],
        }
    },
}


class _OldNiFi(Answers):
    """A NiFi that no test can run: 1.x, one node away, another with an old Java and little room."""

    def answer(self) -> None:
        self.send_json(_ANSWERS[self.path])


@pytest.fixture
def old_nifi() -> Iterator[str]:
    with served(_OldNiFi) as where:
        yield f"http://{where}"


def test_a_nifi_and_a_java_that_are_too_old_and_a_node_away(old_nifi: str) -> None:
    findings = {one.check: one for one in server.examine(connection.connect(old_nifi))}
    assert {one.state for one in findings.values()} == {PROBLEM}
    assert findings["NiFi"].fix == "Use NiFi 2.1 or newer."
    assert findings["Java"].says == "Java 11.0.2 of Nobody on two:8081"
    assert "Java 21 or newer" in findings["Java"].fix
    assert findings["nodes"].says == "1 / 2 nodes are connected"
    assert findings["disk"].says.count(" on two:8081 has 0.0 GB of 107 GB left") == 2
    assert "one:8080" not in findings["disk"].says
    assert "provenance" not in findings["disk"].says


@pytest.mark.parametrize(("version", "state"), [("2.0.0", PROBLEM), ("2.1.0", OK), ("2.3.0", OK), ("2.11.0", OK)])
def test_which_nifi_will_do(version: str, state: str) -> None:
    finding = server.of_version(version)
    assert finding.state == state
    assert (finding.fix == "Use NiFi 2.1 or newer.") == (state == PROBLEM)
