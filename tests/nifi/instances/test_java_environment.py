"""A NiFi whose environment has options for its own Java, such as a JMX port."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.local.instance import LocalNiFi
from dai_nifi.local.ports import free_port
from tests.support.nifi.batch_flow import deploy_batch
from tests.support.processes import children, living
from tests.support.project import quiet
from tests.support.waiting import until

pytestmark = pytest.mark.nifi


def test_options_for_nifis_java_do_not_reach_the_processors(
    elsewhere: None, java_nar: Path, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jmx = "-Dcom.sun.management.jmxremote"
    options = f"{jmx}.port={free_port()} {jmx}.authenticate=false {jmx}.ssl=false"
    local = LocalNiFi(tmp_path / "nifi")
    with monkeypatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", options)
        patch.setenv("JDK_JAVA_OPTIONS", f"{os.environ['JDK_JAVA_OPTIONS']} -Dnifi.of.no.use=1")
        running = local.start(port=0)
    try:
        connect(running.url.removesuffix("/nifi"))
        install(java_nar, quiet)
        # With options of its own, which are tried out beside.
        folders = deploy_batch(
            "watched", samples / "penguins.mojo", tmp_path / "batch", None, {"jvm.options": "-Xmx300m"}
        )
        folders.put("rows.csv", (samples / "penguins-rows.csv").read_bytes())
        assert b"predict" in folders.wait(folders.output / "rows.csv").splitlines()[0]
        assert "Picked up JAVA_TOOL_OPTIONS" not in running.log.read_text(encoding="utf-8")
        # As NiFi ends them: Java in there has nothing to say to that.
        processors = {pid for pid in children(running.pid) if b"libjvm" in Path(f"/proc/{pid}/maps").read_bytes()}
        assert processors
        for pid in processors:
            os.kill(pid, signal.SIGTERM)
        until(lambda: not living(processors))
        assert list(tmp_path.rglob("hs_err*")) == []
    finally:
        local.stop()
