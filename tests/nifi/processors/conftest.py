"""A flow and a canvas that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.nifi.batch_flow import Folders, batch_while
from tests.support.nifi.canvas import Canvas
from tests.support.nifi.instance import NiFi


@pytest.fixture(scope="package")
def titanic_batch(nifi: NiFi, titanic: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    with batch_while("titanic-batch", titanic, tmp_path_factory.mktemp("titanic")) as folders:
        yield folders


@pytest.fixture(scope="module")
def canvas(nifi: NiFi) -> Iterator[Canvas]:
    made = Canvas()
    yield made
    made.remove()
