"""One HiveServer2 for all tests of the route, and jars with models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dai_routes import bundle
from dai_scoring.scorer import RuntimeSettings
from tests.support.hive.server import Hive, started


@pytest.fixture(scope="package")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    with started(tmp_path_factory.mktemp("hive")) as server:
        yield server


@pytest.fixture(scope="package")
def penguins_jar(samples: Path, settings: RuntimeSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("jars") / "penguins.jar"
    bundle.write(target, {"penguins": samples / "penguins.mojo"}, settings)
    return target


@pytest.fixture(scope="package")
def titanic_jar(titanic: Path, settings: RuntimeSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("jars") / "titanic.jar"
    bundle.write(target, {"titanic": titanic}, settings)
    return target
