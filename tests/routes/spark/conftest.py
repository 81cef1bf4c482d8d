"""Both releases of Spark: each test runs with each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.routes.spark.streaming import COPIES
from tests.support.packages.spark import RELEASES, Release, cluster
from tests.support.project import ROOT
from tests.support.shared_cases import shared_cases


@pytest.fixture(scope="package", params=list(RELEASES))
def release(request: pytest.FixtureRequest) -> Release:
    found: Release = RELEASES[request.param]
    return found


@pytest.fixture(scope="package")
def spark(release: Release) -> dict[str, str]:
    return release.environment()


@pytest.fixture(scope="package")
def seen(
    spark: dict[str, str], release: Release, samples: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What one session saw, with two workers."""
    folder = tmp_path_factory.mktemp("spark")
    titanic = Path(os.environ.get("DAI_MODELS", ROOT.parent / "shared" / "models")) / "titanic-pipeline.mojo"
    result = folder / "seen.json"
    with cluster(spark, release, folder) as master:
        command = [sys.executable, "-m", "tests.routes.spark.session", str(samples / "penguins.mojo")]
        command += [str(samples / "penguins-rows.csv"), master]
        command += [str(one) if one.exists() else "" for one in (titanic, shared_cases() / "booleans")]
        command += [str(folder), str(result)]
        done = subprocess.run(command, env=spark, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(result.read_text())
    assert found["version"] == release.version
    return found


@pytest.fixture(scope="package")
def birds(samples: Path) -> list[dict[str, str]]:
    """The rows of the sample several times, each with an id of its own."""
    header, *rows = [line.split(",") for line in (samples / "penguins-rows.csv").read_text().splitlines()]
    return [
        dict(zip([*header, "id"], [*row, str(copy * len(rows) + number)], strict=True))
        for copy in range(COPIES)
        for number, row in enumerate(rows)
    ]
