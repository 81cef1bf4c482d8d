"""Both releases of Spark: each test runs with each of them."""

from __future__ import annotations

import pytest

from tests.support.packages.spark import RELEASES, Release


@pytest.fixture(scope="package", params=list(RELEASES))
def release(request: pytest.FixtureRequest) -> Release:
    found: Release = RELEASES[request.param]
    return found


@pytest.fixture(scope="package")
def spark(release: Release) -> dict[str, str]:
    return release.environment()
