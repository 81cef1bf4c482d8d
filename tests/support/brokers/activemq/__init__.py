"""An ActiveMQ of the tests' own, from the jars that Maven fetches, on loopback."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dai_scoring.provision import jars, java
from tests.support.ports import free_port, listens
from tests.support.waiting import PATIENCE, until


@dataclass
class ActiveMQ:
    """A broker that listens for STOMP at a port."""

    port: int
    folder: Path
    _command: Sequence[str]
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"stomp://127.0.0.1:{self.port}"

    def start(self) -> None:
        def answers() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
            return listens(self.port)

        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until(answers)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE)


def activemq(folder: Path, *more: str, java_options: Sequence[str] = ()) -> AbstractContextManager[ActiveMQ]:
    """Run ActiveMQ with its store in a folder, and end it."""
    return _running("activemq", folder, *more, java_options=java_options)


def artemis(folder: Path) -> AbstractContextManager[ActiveMQ]:
    """The same with Artemis."""
    return _running("artemis", folder)


@contextmanager
def _running(name: str, folder: Path, *more: str, java_options: Sequence[str] = ()) -> Iterator[ActiveMQ]:
    pytest.importorskip("stomp", reason="stomp.py is not installed: pip install '.[activemq]'")
    if shutil.which("mvn") is None:
        pytest.skip(f"{name} comes from Maven, which is not installed: apt-get install maven")
    here = Path(__file__).parents[1] / name
    place = jars.built_once(f"test-{name}", here, f"fetch {name}", lambda what, share=None: None)
    program = str(java.find_java(minimum=17) / "bin" / "java")
    port = free_port()
    words = [program, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *java_options, "-cp", f"{place}/*"]
    broker = ActiveMQ(port, folder, [*words, str(here / "Broker.java"), str(port), str(folder / "data"), *more])
    broker.start()
    try:
        yield broker
    finally:
        broker.end()
