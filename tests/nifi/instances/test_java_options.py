"""Options of Java: those of a processor that are changed take effect, and those of NiFi's own Java do not reach it."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import nipyapi
import pytest

from dai_nifi.operations.canvas.properties import set_of_processor
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.status import status
from dai_scoring.provision.jars import mojo_runtime
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.nifi.batch_flow import Folders, deploy_batch
from tests.support.nifi.instance import NiFi, started
from tests.support.nifi.scorer_process import process_of, scorer_of
from tests.support.ports import free_port
from tests.support.processes import children, living
from tests.support.waiting import until

pytestmark = pytest.mark.nifi

_ROW = f"{','.join(GOLDEN_ROW)}\n{','.join(GOLDEN_ROW.values())}\n"


def _options(folder: Path, megabytes: int) -> str:
    """Options whose effect can be seen: Java writes the size of its heap into a file."""
    return f"-Xmx{megabytes}m -XX:+UseSerialGC -Xlog:gc+init:file={folder}/java-{megabytes}.log"


def _took_effect(folder: Path, megabytes: int) -> bool:
    log = folder / f"java-{megabytes}.log"
    return log.exists() and f"Heap Max Capacity: {megabytes}M" in log.read_text()


def _has_said(text: str, name: str = "tuned") -> bool:
    return any(text in one.message for one in status(name).bulletins)


@pytest.fixture(scope="module")
def own_nifi(elsewhere: None, java_nar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NiFi]:
    """A NiFi in which the second flow shares the process of the first, as the eleventh does elsewhere.

    Its environment has options for its own Java, such as a JMX port.
    """
    properties = {"nifi.python.max.processes.per.extension.type": "1"}
    jmx = "-Dcom.sun.management.jmxremote"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", f"{jmx}.port={free_port()} {jmx}.authenticate=false {jmx}.ssl=false")
        with started(tmp_path_factory.mktemp("nifi"), java_nar, properties) as running:
            yield running


@pytest.fixture(scope="module")
def folders(own_nifi: NiFi, titanic: Path, tmp_path_factory: pytest.TempPathFactory) -> Folders:
    folder = tmp_path_factory.mktemp("tuned")
    return deploy_batch("tuned", titanic, folder, None, {"jvm.options": _options(folder, 300)})


def test_options_that_are_deployed_again_take_effect(folders: Folders) -> None:
    folder = folders.input.parent
    folders.put("first.csv", _ROW)
    expected = folders.wait(folders.output / "first.csv")
    assert _took_effect(folder, 300)
    deploy(Request("batch-files", None, name="tuned", parameters={"jvm.options": _options(folder, 302)}))
    folders.put("second.csv", _ROW)
    assert folders.wait(folders.output / "second.csv") == expected
    assert _took_effect(folder, 302)
    assert not list(folders.failed.iterdir())


def test_the_canvas_says_that_java_starts_anew_for_each_of_the_two(
    own_nifi: NiFi, folders: Folders, tmp_path: Path
) -> None:
    scorer = scorer_of("tuned")
    jars = tmp_path / "jars"
    shutil.copytree(mojo_runtime() / "mojo2", jars)
    for number, (name, value) in enumerate({"JVM Options": _options(tmp_path, 304), "MOJO Runtime": str(jars)}.items()):
        before = process_of(scorer)
        nipyapi.canvas.schedule_processor(scorer, False)
        set_of_processor(scorer.id, {name: value})
        # For how it is invalid there is half a second to look. Of its bulletins NiFi keeps the last ten, and makes one
        # for each look at a processor whose process has ended: the log has them all.
        says = f"WARN .* Java was started before {name} changed. It is being restarted"
        until(lambda says=says: re.search(says, own_nifi.log()))
        until(lambda: nipyapi.canvas.get_processor(scorer.id, "id").component.validation_status == "VALID")
        nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(scorer.id, "id"), True)
        folders.put(f"canvas-{number}.csv", _ROW)
        folders.wait(folders.output / f"canvas-{number}.csv")
        assert process_of(scorer) != before
    assert _took_effect(tmp_path, 304)
    opened = {str(one.readlink()) for one in Path(f"/proc/{process_of(scorer)}/fd").iterdir() if one.is_symlink()}
    assert any(one.startswith(str(jars)) for one in opened)


def test_the_canvas_says_that_java_is_shared_and_has_the_options_of_another(
    folders: Folders, titanic: Path, tmp_path: Path
) -> None:
    other = deploy_batch("second", titanic, tmp_path, None, {"jvm.options": _options(tmp_path, 306)})
    other.put("alike.csv", _ROW)
    assert other.wait(other.output / "alike.csv")
    assert process_of(scorer_of("second")) == process_of(scorer_of("tuned"))
    until(partial(_has_said, "JVM Options of this one does nothing", "second"))
    assert not _has_said("of this one does nothing")
    assert not _took_effect(tmp_path, 306)


def test_options_for_nifis_java_do_not_reach_the_processors(own_nifi: NiFi, folders: Folders) -> None:
    # With options of their own, which are tried out in another Java.
    assert _took_effect(folders.input.parent, 300)
    folders.put("watched.csv", _ROW)
    assert b"survived" in folders.wait(folders.output / "watched.csv").splitlines()[0]
    assert "Picked up JAVA_TOOL_OPTIONS" not in own_nifi.log()
    nifi = own_nifi.running
    # As NiFi ends them: Java in there has nothing to say to that.
    processors = {pid for pid in children(nifi.pid or 0) if b"libjvm" in Path(f"/proc/{pid}/maps").read_bytes()}
    assert processors
    for pid in processors:
        os.kill(pid, signal.SIGTERM)
    until(lambda: not living(processors))
    assert list(nifi.dir.rglob("hs_err*")) == []
