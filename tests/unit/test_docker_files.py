"""The Docker files, as far as no engine is needed: the entry script in a plain folder, what compose reads."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dai_nifi.local import config
from dai_nifi.local.assembly import version
from tests.support.dockerfile import DOCKER, arguments
from tests.support.project import ROOT
from tests.support.waiting import PATIENCE

# What stands for NiFi: says what it was given, and runs until it is stopped.
NIFI = """#!/bin/sh
case "$1" in
    run) env > "$NIFI_HOME/environment"; echo $$ > "$NIFI_HOME/pid"; exec sleep 600 ;;
    stop) kill "$(cat "$NIFI_HOME/pid")" ;;
esac
"""
PROPERTIES = """# as the official image has it
nifi.web.https.port=8443
nifi.web.https.host=127.0.0.1
#nifi.python.command=python3
nifi.sensitive.props.key=
nifi.flow.configuration.file=./conf/flow.json.gz
nifi.cluster.is.node=false
"""


def read(file: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in file.read_text().splitlines() if line and not line.startswith("#"))
    return {key: value for key, _, value in pairs}


class Container:
    """The entry script on a folder that looks like the image's."""

    def __init__(self, folder: Path) -> None:
        self.home, self.data = folder / "home", folder / "data"
        (self.home / "bin").mkdir(parents=True)
        (self.home / "bin" / "nifi.sh").write_text(NIFI)
        (self.home / "bin" / "nifi.sh").chmod(0o755)
        self.conf = self.home / "conf"
        self.conf.mkdir()
        (self.conf / "nifi.properties").write_text(PROPERTIES)
        (self.conf / "bootstrap.conf").write_text("java.arg.2=-Xms1g\njava.arg.3=-Xmx1g\n")
        (self.conf / "logback.xml").write_text("<configuration>\n    <root/>\n</configuration>\n")
        state = (config.TEMPLATES / "state-management-cluster.xml").read_text()
        (self.conf / "state-management.xml").write_text(state.replace("${address}:${port}", ""))
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, **environment: str) -> subprocess.Popen[str]:
        own = {"NIFI_HOME": str(self.home), "NIFI_DATA": str(self.data), "NIFI_ADDRESS": "here", **environment}
        process = subprocess.Popen(
            [DOCKER / "nifi" / "entrypoint.sh"],
            env={"PATH": os.environ["PATH"], **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def run(self, **environment: str) -> dict[str, str]:
        """Start it, stop it as an engine does, and read what it made of nifi.properties."""
        (self.home / "pid").unlink(missing_ok=True)
        process = self.start(**environment)
        end = time.monotonic() + PATIENCE
        while not (self.home / "pid").exists() or not (self.home / "pid").read_text():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        return read(self.conf / "nifi.properties")

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
            # Not read to their end: a child of the script's may hold them.
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    made = Container(tmp_path)
    yield made
    made.close()


def test_the_entry_script_makes_an_http_nifi_whose_data_are_in_one_folder(container: Container) -> None:
    found = container.run()
    assert (found["nifi.web.http.host"], found["nifi.web.http.port"]) == ("here", "8080")
    assert (found["nifi.web.https.host"], found["nifi.web.https.port"]) == ("", "")
    assert found["nifi.python.command"] == "python3"
    kept = {key: value for key, value in found.items() if "directory" in key and "autoload" not in key}
    assert len(kept) == 6
    assert all(value.startswith(str(container.data)) for value in kept.values())
    assert found["nifi.flow.configuration.file"] == f"{container.data}/flow.json.gz"
    state = ElementTree.parse(container.conf / "state-management.xml")
    assert state.findtext("local-provider/property[@name='Directory']") == f"{container.data}/state"
    logger = ElementTree.parse(container.conf / "logback.xml").find("logger[@name='py4j']")
    assert logger is not None
    assert logger.get("level") == "WARN"


def test_the_key_is_made_once_kept_private_and_not_told_to_nifi_s_children(container: Container) -> None:
    first = container.run()["nifi.sensitive.props.key"]
    assert len(first) >= 12
    assert (container.data / "sensitive-properties.key").stat().st_mode & 0o077 == 0
    (container.conf / "nifi.properties").write_text(PROPERTIES)
    assert container.run()["nifi.sensitive.props.key"] == first
    assert (
        container.run(NIFI_SENSITIVE_PROPS_KEY="given-by-somebody")["nifi.sensitive.props.key"] == "given-by-somebody"
    )
    assert "given-by-somebody" not in (container.home / "environment").read_text()


def test_it_is_the_same_after_a_restart(container: Container) -> None:
    settings = {"NIFI_JVM_HEAP_MAX": "3g", "NIFI_PROPERTIES": "nifi.new.key=a&b\\1|=c\nnifi.web.http.port=9"}
    first = container.run(**settings)
    assert (first["nifi.new.key"], first["nifi.web.http.port"]) == ("a&b\\1|=c", "9")
    files = {file.name: file.read_text() for file in container.conf.iterdir()}
    assert "-Xmx3g" in files["bootstrap.conf"]
    assert container.run(**settings) == first
    assert {file.name: file.read_text() for file in container.conf.iterdir()} == files


def test_a_node_needs_the_key_of_all(container: Container) -> None:
    process = container.start(NIFI_ZK_CONNECT_STRING="zookeeper:2181")
    assert process.wait(PATIENCE) == 2
    assert process.stderr is not None
    assert "set NIFI_SENSITIVE_PROPS_KEY" in process.stderr.read()
    found = container.run(NIFI_ZK_CONNECT_STRING="zookeeper:2181", NIFI_SENSITIVE_PROPS_KEY="k" * 12)
    assert found["nifi.cluster.is.node"] == "true"
    assert found["nifi.cluster.node.address"] == "here"
    assert found["nifi.cluster.node.read.timeout"] == "1 min"
    assert found["nifi.zookeeper.connect.string"] == "zookeeper:2181"
    state = ElementTree.parse(container.conf / "state-management.xml")
    assert state.findtext("cluster-provider/property[@name='Connect String']") == "zookeeper:2181"


def test_a_nifi_that_ends_ends_the_container_with_its_code(container: Container) -> None:
    (container.home / "bin" / "nifi.sh").write_text("#!/bin/sh\nexit 7\n")
    assert container.start().wait(PATIENCE) == 7


def test_health_says_why_not(container: Container) -> None:
    container.run(NIFI_ADDRESS="127.0.0.1", NIFI_WEB_HTTP_PORT="1")
    ran = subprocess.run(
        [sys.executable, DOCKER / "nifi" / "health.py"],
        env={"NIFI_HOME": str(container.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr.startswith("NiFi does not answer yet: ")) == (1, True)


def compose(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / name).read_text())
    return found


@pytest.mark.parametrize("name", ["compose.yaml", "compose.cluster.yaml"])
def test_compose_files_build_this_image_and_listen_on_loopback_only(name: str) -> None:
    services = compose(name)["services"]
    nifis = [service for key, service in services.items() if key.startswith("nifi")]
    assert len(nifis) == (3 if "cluster" in name else 1)
    assert {service["image"] for service in nifis} == {"nifi-dai-scoring"}
    (build,) = [service["build"] for service in nifis if "build" in service]
    assert (DOCKER / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    assert set(build["args"]) <= set(arguments())
    assert build["args"]["BASE_IMAGE"] == f"${{BASE_IMAGE:-{arguments()['BASE_IMAGE']}}}"
    assert build["args"]["PYTHON_VERSION"] == f"${{NIFI_PYTHON_VERSION:-{arguments()['PYTHON_VERSION']}}}"
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert all(re.fullmatch(r"127\.0\.0\.1:\$\{\w+:-\d+\}:\d+", port) for port in published)
    assert len({re.search(r":-(\d+)", port)[1] for port in published}) == len(published)  # type: ignore[index]
    named = {mount.partition(":")[0] for service in services.values() for mount in service.get("volumes", ())}
    assert {one for one in named if not one.startswith("$")} == set(compose(name)["volumes"])


def test_the_dockerfile_takes_the_official_image_and_does_not_run_as_root() -> None:
    text = (DOCKER / "nifi" / "Dockerfile").read_text()
    assert arguments()["BASE_IMAGE"] == f"apache/nifi:{version()}"
    instructions = [line for line in text.splitlines() if re.match(r"[A-Z]+ ", line)]
    assert [line for line in instructions if line.startswith("USER ")][-1] == "USER nifi"
    assert sum(line.startswith("HEALTHCHECK ") for line in instructions) == 1
    for copied in re.findall(r"^COPY (?:--\S+ )*(.+) \S+$", text, re.MULTILINE):
        for one in copied.split():
            assert "*" in one or (ROOT / one).is_file()
    assert os.access(DOCKER / "nifi" / "entrypoint.sh", os.X_OK)
