"""A real NiFi with the processors, started once for the tests that ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nipyapi
import pytest

from dai_nifi.archives.build import build
from tests.support.nifi.instance import NiFi, fast_start, started
from tests.support.project import quiet


@pytest.fixture(scope="module", autouse=True)
def fast_starts() -> Iterator[None]:
    """For modules that start a NiFi of their own."""
    with fast_start():
        yield


@pytest.fixture(scope="session")
def java_nar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive with H2O's runtime inside: whoever runs the tests accepts its licence."""
    return build("java", tmp_path_factory.mktemp("nars"), quiet, accept_h2o_licence=True).path


@pytest.fixture(scope="session")
def cpp_nar(cpp_runtime: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("cpp", tmp_path_factory.mktemp("nars"), quiet, accept_h2o_licence=True).path


@pytest.fixture(scope="session")
def python_nar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("python", tmp_path_factory.mktemp("nars"), quiet).path


@pytest.fixture(scope="package")
def nifi(tmp_path_factory: pytest.TempPathFactory, java_nar: Path) -> Iterator[NiFi]:
    # Not for the session: an idle NiFi takes a fifth of a core from the tests that follow.
    with started(tmp_path_factory.mktemp("nifi"), java_nar) as running:
        yield running


@pytest.fixture
def record_services(nifi: NiFi) -> Iterator[dict[str, str]]:
    """A reader and a writer of JSON on the root canvas, as the parameters that name them."""
    root = nipyapi.canvas.get_process_group(nipyapi.canvas.get_root_pg_id(), "id")
    kinds = {one.type: one for one in nipyapi.nifi.FlowApi().get_controller_service_types().controller_service_types}
    made = {
        name: nipyapi.canvas.create_controller(root, kinds[kind], name)
        for name, kind in (
            ("record.reader", "org.apache.nifi.json.JsonTreeReader"),
            ("record.writer", "org.apache.nifi.json.JsonRecordSetWriter"),
        )
    }
    for one in made.values():
        nipyapi.canvas.schedule_controller(one, True)
    yield {name: one.id for name, one in made.items()}
    for one in made.values():
        nipyapi.canvas.delete_controller(nipyapi.canvas.get_controller(one.id, "id"), force=True)
