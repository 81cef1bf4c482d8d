"""A NiFi that is started again, whose archive is replaced under flows that run, and that is killed at last."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.local.instance import LocalNiFi
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.deploy import Request, deploy
from dai_scoring.scorer import Scorer
from tests.support.models.second_model import SAMPLE_ID
from tests.support.nifi.batch_flow import deploy_batch
from tests.support.nifi.http import model_that_scores
from tests.support.ports import free_port
from tests.support.processes import children, living
from tests.support.project import quiet
from tests.support.waiting import until

pytestmark = pytest.mark.nifi

NAMES = ("one", "two", "three")


@pytest.fixture(scope="module")
def own_nifi(elsewhere: None, java_nar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNiFi]:
    local = LocalNiFi(tmp_path_factory.mktemp("restarted"))
    try:
        start(local)
        install(java_nar, quiet)
        yield local
    finally:
        local.stop()


def start(local: LocalNiFi) -> None:
    connect(local.start(port=0).url.removesuffix("/nifi"))


def test_flows_run_on_after_a_restart_and_another_archive(
    own_nifi: LocalNiFi, java_nar: Path, samples: Path, tmp_path: Path
) -> None:
    """The archive is replaced at the worst moment: as NiFi starts their processors itself."""
    nar = Path(shutil.copy(java_nar, tmp_path))
    made = [
        deploy(Request("realtime-http", samples / "penguins.mojo", name=name, parameters={"http.port": str(port)}))
        for name, port in zip(NAMES, iter(free_port, None), strict=False)
    ]
    # At once: NiFi has not saved by itself that the last one runs.
    own_nifi.stop()
    start(own_nifi)
    with zipfile.ZipFile(nar, "a") as archive:
        archive.writestr("META-INF/another", "build")
    assert not install(nar, quiet).already
    for name in NAMES:
        until(lambda name=name: all(one.component.state == "RUNNING" for one in parts(name)))
    assert [model_that_scores(one.endpoint or "") for one in made] == [SAMPLE_ID] * len(NAMES)


def parts(name: str) -> list[Any]:
    return deployed.processors(deployed.find(name).id)


def test_workers_and_python_end_with_a_nifi_that_is_killed(
    own_nifi: LocalNiFi, python_nar: Path, pipeline: Path, pipeline_scorer: Scorer, tmp_path: Path
) -> None:
    """The last test of this NiFi."""
    install(python_nar, quiet)
    deploy_batch("doomed", pipeline, tmp_path, None, {"python.command": sys.executable})
    running = own_nifi.status().pid
    assert running is not None
    begun = children(running)
    ours = {pid for pid in begun if children(pid)}
    workers = {worker for pid in ours for worker in children(pid)}
    assert workers
    try:
        os.kill(running, signal.SIGKILL)
        until(lambda: not living(ours | workers))
        # NiFi's other Python process, which looks for extensions, is not ours to watch in a user's NiFi.
        until(lambda: len(living(begun)) <= 1)
    finally:
        for pid in living(begun):
            os.kill(pid, signal.SIGKILL)
