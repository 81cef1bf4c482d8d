"""One server for the tests of a module."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server.serving import Server, serving


@pytest.fixture(scope="module")
def server(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The sample model, served."""
    with serving(tmp_path_factory.mktemp("serve"), samples / "penguins.mojo") as found:
        yield found


@pytest.fixture(scope="session")
def rows(samples: Path) -> list[dict[str, str]]:
    """The sample's rows, as text."""
    with (samples / "penguins-rows.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def expected(samples: Path) -> list[dict[str, str]]:
    """Their scores, as H2O's own code gave them."""
    with (samples / "penguins-expected.csv").open() as file:
        return list(csv.DictReader(file))
