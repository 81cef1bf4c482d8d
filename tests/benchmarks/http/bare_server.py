"""The MOJO behind the JDK's HTTP server, scored row by row: see BareServer.java."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dai_nifi.local.java import find_java
from dai_nifi.local.ports import LOOPBACK, free_port
from dai_scoring.provision import jars
from tests.benchmarks.waiting import ended, wait_for

_SOURCE = Path(__file__).with_name("BareServer.java")


@contextmanager
def served(model: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """Serve a MOJO on the loopback interface; yields the address of its scorer, and the process."""
    folder.mkdir()
    tools = find_java() / "bin"
    found = [*jars.mojo_runtime().rglob("*.jar"), *jars.open_jars().rglob("*.jar")]
    path = ":".join(map(str, [folder, *found]))
    subprocess.run([tools / "javac", "-nowarn", "-d", folder, "-cp", path, _SOURCE], check=True, capture_output=True)
    port = free_port()
    log = folder / "server.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            # H2O's runtime defines classes while it loads a model.
            [
                tools / "java",
                "--add-opens",
                "java.base/java.lang=ALL-UNNAMED",
                "-cp",
                path,
                "BareServer",
                model,
                str(port),
            ],
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    with ended(server):
        wait_for(f"http://{LOOPBACK}:{port}/livez", server, log)
        yield f"http://{LOOPBACK}:{port}/model/score", server.pid
