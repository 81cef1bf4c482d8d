"""What operators see of flows in a real NiFi: status, counters, Prometheus' form of them, and what the doctor says."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nipyapi
import pytest

from dai_nifi.archives import archive
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.canvas.properties import set_of_processor
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.status import status
from dai_nifi.operations.undeploy import undeploy
from dai_scoring.model_file import sha256
from tests.support.models import second_model
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.nifi.batch_flow import Folders, batch_while, deploy_batch
from tests.support.nifi.canvas import stop_scoring, wait_for_queue
from tests.support.nifi.commands import COMMAND, look, run
from tests.support.nifi.instance import NiFi
from tests.support.ports import free_port
from tests.support.processes import hear_ctrl_c
from tests.support.project import ROOT

pytestmark = pytest.mark.nifi

HEADER, ROW = ",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values())


def exported(nifi: NiFi) -> dict[str, float]:
    """The counters that NiFi exports, by their names."""
    with urllib.request.urlopen(f"{nifi.api}/flow/metrics/prometheus", timeout=30) as answer:
        text = answer.read().decode()
    return {
        name: float(value)
        for name, value in re.findall(r'^nifi_processor_counters\{.*?counter_name="([^"]*)".*?\} (\S+)$', text, re.M)
    }


@pytest.fixture
def titanic_batch(nifi: NiFi, titanic: Path, tmp_path: Path) -> Iterator[Folders]:
    with batch_while("counting", titanic, tmp_path) as folders:
        yield folders


def test_rows_are_counted_by_model_and_exported(nifi: NiFi, titanic_batch: Folders, titanic: Path) -> None:
    titanic_batch.put("counted.csv", f"{HEADER}\n{ROW}\n{ROW}\n3,male,x,A1,7.25,C1\n{ROW}\n")
    titanic_batch.wait(titanic_batch.rejected / "counted.csv")
    titanic_batch.put("failed.csv", "pclass\n3\n")
    titanic_batch.error("failed.csv")
    titanic_batch.put("more.csv", f"{HEADER}\n{ROW}\n")
    titanic_batch.wait(titanic_batch.output / "more.csv")
    titanic_batch.wait(titanic_batch.output / "counted.csv")
    found = status(titanic_batch.name)
    (counts,) = found.counts
    assert (counts.rows_scored, counts.rows_rejected, counts.flowfiles_failed) == (4, 1, 1)
    assert counts.seconds > 0
    # The runtimes of Driverless AI do not tell a model's levels: that is not the same as no unseen ones.
    assert (counts.levels_unseen, counts.unseen) == (None, {})
    (loaded,) = found.loaded
    assert (loaded.id, loaded.sha256, loaded.file) == (counts.model, sha256(titanic), found.model)
    shown = look("status", titanic_batch.name, "--url", nifi.url).stdout
    assert f"{loaded.file}  id {loaded.id}  SHA-256 {loaded.sha256[:12]}" in shown
    names = ("rows scored", "rows rejected", "FlowFiles failed", "microseconds scoring")
    metrics = exported(nifi)
    assert [metrics[f"{name}, model {counts.model}"] for name in names] == [4, 1, 1, round(counts.seconds * 1e6)]


def test_levels_that_the_model_has_never_seen_are_counted_by_column(nifi: NiFi, samples: Path, tmp_path: Path) -> None:
    folders = deploy_batch("unseen", samples / "penguins.mojo", tmp_path)
    try:
        header, row = (samples / "penguins-rows.csv").read_text().splitlines()[:2]
        names, values = header.split(","), row.split(",")
        rows = [
            ",".join({**dict(zip(names, values, strict=True)), "species": species, "island": island}.values())
            for species, island in (("Dodo", "Atlantis"), ("Dodo", ""), ("Gentoo", "NA"))
        ]
        folders.put("rows.csv", "\n".join([header, *rows, ""]))
        folders.wait(folders.output / "rows.csv")
        (counts,) = status("unseen").counts
        assert (counts.rows_scored, counts.levels_unseen) == (3, 3)
        assert counts.unseen == {"species": 2, "island": 1}
        shown = look("status", "unseen", "--url", nifi.url).stdout
        assert "has never seen: 3 (species=2, island=1)" in " ".join(shown.split())
    finally:
        undeploy("unseen", force=True)


def test_status_for_scripts_and_for_people(nifi: NiFi, samples: Path, tmp_path: Path) -> None:
    folders = deploy_batch("looked-at", samples / "penguins.mojo", tmp_path)
    try:
        stop_scoring("looked-at")
        folders.put("rows.csv", (samples / "penguins-rows.csv").read_bytes())
        wait_for_queue("looked-at", 1)
        told = json.loads(look("status", "looked-at", "--json", "--url", nifi.url).stdout)
        assert [(one["name"], one["target"], one["flowfiles"]) for one in told["queues"]] == [
            ("files", "Score records", 1)
        ]
        assert (told["state"], told["loaded"], told["previous"]) == ("partly running", [], None)
        shown = look("status", "looked-at", "--url", nifi.url).stdout
        assert "looked-at: partly running" in shown
        assert "Score records" in shown
        assert watched("status", "looked-at", "--watch", "--url", nifi.url) == 130
    finally:
        undeploy("looked-at", force=True)


def watched(*arguments: str) -> int:
    """Run a command in a terminal until it shows a rate, which takes two looks; then press ctrl-C."""
    ours, theirs = pty.openpty()
    # Larger than what is shown: of a longer page a terminal has the beginning only.
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 500, 200, 0, 0))
    shown = b""
    end = time.monotonic() + 60
    terminal = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with subprocess.Popen([*COMMAND, *arguments], **terminal, preexec_fn=hear_ctrl_c) as process:
        os.close(theirs)
        while b"rows a second" not in shown and time.monotonic() < end:
            if select.select([ours], [], [], 1)[0]:
                shown += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        try:
            while os.read(ours, 4096):
                pass
        except OSError:
            pass  # the terminal is gone with the process
        os.close(ours)
        assert b"rows a second" in shown
        return process.wait()


def test_the_doctor_finds_nothing_and_then_what_is_wrong(nifi: NiFi, samples: Path, needs_licence: Path) -> None:
    request = Request(
        "realtime-http", samples / "penguins.mojo", name="healthy", parameters={"http.port": str(free_port())}
    )
    try:
        deploy(request)
        done = look("doctor", "--json", "--url", nifi.url, "--dir", nifi.running.dir)
        told = json.loads(done.stdout)
        assert (done.returncode, told["healthy"]) == (0, True), done.stdout
        states = {one["check"]: one["state"] for one in told["findings"]}
        assert set(states.values()) == {"ok"}
        assert {"NiFi", "Java", "Python", "log level", "processors", "ports", "licence", "disk"} <= states.keys()
        away = json.loads(look("doctor", "--json", "--url", nifi.url, "--dir", nifi.running.dir / "none").stdout)
        assert {one["check"]: one["state"] for one in away["findings"]}["log level"] == "unknown"
        with pytest.raises(Exception, match="licence"):
            deploy(
                Request(
                    "realtime-http", needs_licence, name="ill", parameters={"http.port": str(free_port())}, keep=True
                )
            )
        done = look("doctor", "--json", "--url", nifi.url)
        wrong = {one["check"]: one for one in json.loads(done.stdout)["findings"] if one["state"] == "problem"}
        assert (done.returncode, wrong.keys()) == (1, {"flows", "licence"})
        assert "ill" in wrong["licence"]["says"]
        assert "DRIVERLESS_AI_LICENSE_KEY" in wrong["licence"]["fix"]
    finally:
        undeploy("healthy", force=True)
        undeploy("ill", force=True)


def findings(nifi: NiFi) -> dict[str, dict[str, str]]:
    told = json.loads(look("doctor", "--json", "--url", nifi.url, "--dir", nifi.running.dir).stdout)
    return {one["check"]: one for one in told["findings"] if one["state"] == "problem"}


def test_the_doctor_names_an_archive_that_nifi_cannot_install(nifi: NiFi, tmp_path: Path) -> None:
    """One that needs another which is not there, and one whose zip lacks the folders: NiFi installs that for ever."""
    lone, endless = tmp_path / "lone-nar.nar", tmp_path / "endless-nar.nar"
    needs = b"Nar-Dependency-Group: org.example\r\nNar-Dependency-Id: none-nar\r\nNar-Dependency-Version: 1\r\n"
    archive.write(lone, archive.manifest("org.example", "lone-nar", "1.0") + needs, {"META-INF/note": b"note"})
    with zipfile.ZipFile(endless, "w") as nar:
        nar.writestr("META-INF/MANIFEST.MF", archive.manifest("org.example", "endless-nar", "1.0"))
    try:
        done = run("nars", "install", lone, "--url", nifi.url)
        assert (done.returncode, "could not install lone-nar: Missing Dependency" in done.stderr) == (1, True)
        nipyapi.nifi.ControllerApi().upload_nar(body=endless.read_bytes(), filename=endless.name)
        told = findings(nifi)
        assert told.keys() == {"archives"}
        assert "lone-nar 1.0 is not installed: Missing Dependency" in told["archives"]["says"]
        assert "endless-nar 1.0 is not installed: Installing" in told["archives"]["says"]
        assert "dai-nifi nars remove lone-nar" in told["archives"]["fix"]
    finally:
        for one in ("lone-nar", "endless-nar"):
            run("nars", "remove", one, "--force", "--url", nifi.url)
    assert findings(nifi) == {}


def test_the_doctor_names_a_loud_log_and_a_port_that_does_not_answer(nifi: NiFi, samples: Path) -> None:
    port = free_port()
    parameters = {"http.port": str(port)}
    deploy(Request("realtime-http", samples / "penguins.mojo", name="mute", parameters=parameters))
    log = nifi.running.dir / "conf" / "logback.xml"
    text = log.read_text()
    assert '<logger name="py4j" level="WARN"/>' in text
    try:
        log.write_text(text.replace('<logger name="py4j" level="WARN"/>', ""))
        # It answers at another address than the one that its parameters name.
        flow = deployed.find("mute")
        (receive,) = [one for one in deployed.processors(flow.id) if one.component.name == "Receive requests"]
        nipyapi.canvas.schedule_processor(receive.id, False)
        set_of_processor(receive.id, {"Listening Port": str(free_port())})
        nipyapi.canvas.schedule_processor(receive.id, True)
        told = findings(nifi)
        assert told.keys() == {"log level", "ports"}
        assert "py4j logs at INFO" in told["log level"]["says"]
        assert f"mute does not answer at http://127.0.0.1:{port}/readyz" in told["ports"]["says"]
        # Half of a flow.
        nipyapi.canvas.schedule_processor(receive.id, False)
        assert "mute: only parts run" in findings(nifi)["flows"]["says"]
    finally:
        log.write_text(text)
        undeploy("mute", force=True)


def test_the_release_script_deploys_then_swaps_or_refuses(nifi: NiFi, samples: Path, tmp_path: Path) -> None:
    second = second_model.write(samples / "penguins.mojo", tmp_path / "second.mojo")

    def release(model: Path, *further: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, ROOT / "docs" / "examples" / "release_model.py", "--url", nifi.url]
        command += ["--flow", "realtime-http", "--name", "released", "--model", model]
        command += ["--check", samples / "penguins-rows.csv", "--param", f"http.port={free_port()}", *further]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)

    try:
        made = release(samples / "penguins.mojo")
        assert (made.returncode, "released is created" in made.stdout) == (0, True), made.stderr
        refused = release(second, "--most-changed", "0.001")
        assert (refused.returncode, "that is more than 0.1%" in refused.stderr) == (1, True)
        swapped = release(second)
        assert (swapped.returncode, "swapped" in swapped.stdout) == (0, True), swapped.stderr
        assert [one.id for one in status("released").loaded] == [second_model.ID]
        again = release(second)
        assert (again.returncode, again.stdout.splitlines()[-1].endswith(", unchanged")) == (0, True), again.stderr
        assert release(second, "--param", "port").returncode == 2
    finally:
        undeploy("released", force=True)
