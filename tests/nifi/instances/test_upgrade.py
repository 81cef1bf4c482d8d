"""An archive replaced under flows that run, at the worst moment: as NiFi starts their processors itself."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.local.instance import LocalNiFi
from dai_nifi.local.ports import free_port
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.deploy import Request, deploy
from tests.support.models.second_model import SAMPLE_ID
from tests.support.nifi.http import model_that_scores
from tests.support.nifi.instance import NiFi
from tests.support.project import quiet
from tests.support.waiting import until

pytestmark = pytest.mark.nifi

NAMES = ("one", "two", "three")


def test_flows_run_on_after_a_restart_and_another_archive(
    nifi: NiFi, java_nar: Path, samples: Path, tmp_path: Path
) -> None:
    nar = Path(shutil.copy(java_nar, tmp_path))
    local = LocalNiFi(tmp_path / "nifi")
    try:
        connect(local.start(port=0).url.removesuffix("/nifi"))
        install(nar, quiet)
        made = [
            deploy(Request("realtime-http", samples / "penguins.mojo", name=name, parameters={"http.port": str(port)}))
            for name, port in zip(NAMES, iter(free_port, None), strict=False)
        ]
        # At once: NiFi has not saved by itself that the last one runs.
        local.stop()
        connect(local.start(port=0).url.removesuffix("/nifi"))
        with zipfile.ZipFile(nar, "a") as archive:
            archive.writestr("META-INF/another", "build")
        assert not install(nar, quiet).already
        for name in NAMES:
            until(lambda name=name: all(one.component.state == "RUNNING" for one in parts(name)))
        assert [model_that_scores(one.endpoint or "") for one in made] == [SAMPLE_ID] * len(NAMES)
    finally:
        local.stop()
        connect(nifi.url)


def parts(name: str) -> list[Any]:
    return deployed.processors(deployed.find(name).id)
