"""A NiFi that is killed: nothing that it started stays."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.local.instance import LocalNiFi
from dai_scoring.scorer import Scorer
from tests.support.nifi.batch_flow import deploy_batch
from tests.support.nifi.instance import NiFi
from tests.support.processes import children, living
from tests.support.project import quiet
from tests.support.waiting import until

pytestmark = pytest.mark.nifi


def test_workers_and_python_end_with_nifi(
    nifi: NiFi, python_nar: Path, pipeline: Path, pipeline_scorer: Scorer, tmp_path: Path
) -> None:
    local = LocalNiFi(tmp_path / "nifi")
    running = local.start(port=0)
    started: set[int] = set()
    ours: set[int] = set()
    try:
        connect(running.url.removesuffix("/nifi"))
        install(python_nar, quiet)
        deploy_batch("doomed", pipeline, tmp_path / "batch", None, {"python.command": sys.executable})
        started = children(running.pid)
        ours = {pid for pid in started if children(pid)}
        workers = {worker for pid in ours for worker in children(pid)}
        assert workers
        os.kill(running.pid, signal.SIGKILL)
        until(lambda: not living(ours | workers))
    finally:
        # NiFi's other Python process, which looks for extensions, is not ours to watch in a user's NiFi.
        for pid in living(started - ours):
            os.kill(pid, signal.SIGKILL)
        local.stop()
        connect(nifi.url)
