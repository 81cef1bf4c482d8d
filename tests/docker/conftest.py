"""The image in a real engine; pytest-docker brings the containers up and down."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dai_nifi.archives.build import build
from tests.docker import base_image, debian, postgres_image, zookeeper_image
from tests.support.dockerfile import arguments
from tests.support.ports import free_port
from tests.support.project import ROOT, quiet


def runs(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=600).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="session")
def engine() -> None:
    if not runs("docker", "info"):
        pytest.skip("no Docker engine answers ('docker info'); with Debian: apt-get install docker.io")


@pytest.fixture(scope="session")
def docker_compose_command(engine: None) -> str:
    for command in ("docker compose", "docker-compose"):
        if runs(*command.split(), "version"):
            return command
    pytest.skip("the Docker engine lacks compose; with Debian: apt-get install docker-compose")


def image(official: str, stand_in: ModuleType, folders: pytest.TempPathFactory) -> str:
    """The official image where it can be had, else one made here."""
    if runs("docker", "image", "inspect", official) or runs("docker", "pull", official):
        return official
    tag: str = stand_in.TAG
    if not runs("docker", "image", "inspect", tag):
        if (lacking := debian.missing()) is not None:
            pytest.skip(f"{official} cannot be pulled, and {lacking}")
        stand_in.make(folders.mktemp("image"))
    return tag


def default(file: str, variable: str) -> str:
    """The image that a compose file takes where nobody says otherwise."""
    found = re.search(rf"\$\{{{variable}:-(.+)\}}", (ROOT / "docker" / file).read_text())
    assert found is not None
    return found[1]


@pytest.fixture(scope="session")
def base(engine: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    return image(arguments()["BASE_IMAGE"], base_image, tmp_path_factory)


@pytest.fixture(scope="session")
def zookeeper(base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return image(default("compose.cluster.yaml", "ZOOKEEPER_IMAGE"), zookeeper_image, tmp_path_factory)


@pytest.fixture(scope="session")
def postgres(engine: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    return image(default("compose.yaml", "POSTGRES_IMAGE"), postgres_image, tmp_path_factory)


@pytest.fixture(scope="session")
def setting(base: str, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as a checkout has it, with the archives for the image's Python, and compose's variables."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "docker", folder / "docker")
    # With H2O's runtime inside: whoever runs the tests accepts its licence.
    build("java", folder / "build" / "nars", quiet, accept_h2o_licence=True, python=debian.PYTHON)
    (folder / "files").mkdir()
    # The user of the image is not the one who runs the tests.
    (folder / "files").chmod(0o777)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BASE_IMAGE", base)
        patch.setenv("NIFI_PORT", str(free_port()))
        patch.setenv("SCORE_PORT", str(free_port()))
        patch.setenv("FILES", str(folder / "files"))
        patch.setenv("NIFI_JVM_HEAP_MAX", "1g")
        patch.setenv("DOCKER_BUILDKIT", os.environ.get("DOCKER_BUILDKIT", "0"))
        yield folder


@pytest.fixture(scope="session")
def docker_compose_file(setting: Path) -> str:
    return str(setting / "docker" / "compose.yaml")


@pytest.fixture(scope="session")
def docker_compose_project_name() -> str:
    return f"dai-scoring-test-{os.getpid()}"


@pytest.fixture(scope="session")
def docker_setup() -> str:
    # Not --wait, which the compose of Debian 12 does not know.
    return "up --build --detach"


@pytest.fixture(scope="session")
def url(docker_services: Any) -> str:
    """Where the NiFi in the container answers."""
    return f"http://127.0.0.1:{docker_services.port_for('nifi', 8080)}"
