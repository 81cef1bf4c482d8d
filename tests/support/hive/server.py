"""A HiveServer2 of the tests' own on loopback: Tez in its local mode, its metastore in memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from dai_scoring.provision import jars, java
from tests.support.ports import free_port, listens
from tests.support.waiting import PATIENCE

_HERE = Path(__file__).parent
_OPENED = ("java.lang", "java.util", "java.net", "java.nio", "java.util.concurrent", "java.util.concurrent.atomic")
_LOGGING = """
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c: %m%n
"""


def _settings(folder: Path, port: int) -> dict[str, str]:
    return {
        "javax.jdo.option.ConnectionURL": "jdbc:derby:memory:metastore;create=true",
        "datanucleus.schema.autoCreateAll": "true",
        "hive.metastore.schema.verification": "false",
        "hive.metastore.event.db.notification.api.auth": "false",
        "hive.metastore.warehouse.dir": f"{folder}/warehouse",
        "hive.exec.scratchdir": f"{folder}/scratch",
        "hive.exec.local.scratchdir": f"{folder}/local",
        "hive.downloaded.resources.dir": f"{folder}/resources",
        "hive.user.install.directory": f"{folder}/user",
        "hive.server2.thrift.bind.host": "127.0.0.1",
        "hive.server2.thrift.port": str(port),
        "hive.server2.webui.port": "-1",
        "hive.server2.authentication": "NOSASL",
        "hive.server2.enable.doAs": "false",
        "hive.server2.materializedviews.registry.impl": "DUMMY",
        "hive.server2.tez.initialize.default.sessions": "false",
        "hive.scheduled.queries.executor.enabled": "false",
        "hive.txn.manager": "org.apache.hadoop.hive.ql.lockmgr.DummyTxnManager",
        "hive.support.concurrency": "false",
        "hive.stats.autogather": "false",
        "hive.execution.engine": "tez",
        "hive.jar.directory": f"{folder}/jars",
        "fs.defaultFS": "file:///",
        "hadoop.tmp.dir": f"{folder}/hadoop",
        "tez.local.mode": "true",
        "tez.ignore.lib.uris": "true",
        "tez.staging-dir": f"{folder}/tez",
        "tez.runtime.optimize.local.fetch": "true",
    }


@dataclass(frozen=True)
class Hive:
    """A server that runs, and the jars of its JDBC driver."""

    port: int
    jars: Path
    java_home: Path
    log: Path

    def run(self, *sessions: Sequence[str]) -> list[list[Any]]:
        """Run the statements of sessions, all at once; for each statement its rows, or the text of an error."""
        request = {"port": self.port, "jars": str(self.jars), "java": str(self.java_home), "sessions": sessions}
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder) / "result.json"
            command = [sys.executable, str(_HERE / "client.py"), str(result)]
            done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr[-3000:]
            found: list[list[Any]] = json.loads(result.read_text())
        return found


@contextmanager
def started(folder: Path, further: Sequence[Path] = ()) -> Iterator[Hive]:
    """Start a server in an empty folder, with ``further`` jars; it is ended by its process id.

    Skips where there is no Java for it.
    """
    home = java.find_java(minimum=17)
    libraries = jars.built_once("hive", _HERE, "fetch a Hive for the tests", lambda what, share: None) / "hive"
    port = free_port()
    conf = folder / "conf"
    conf.mkdir()
    properties = "".join(
        f"<property><name>{name}</name><value>{escape(value)}</value></property>\n"
        for name, value in _settings(folder, port).items()
    )
    for name in ("hive-site.xml", "core-site.xml", "tez-site.xml"):
        (conf / name).write_text(f"<configuration>\n{properties}</configuration>\n")
    (conf / "log4j2.properties").write_text(_LOGGING)
    # Tez deletes files of its own names in the folder that it runs in.
    work = folder / "work"
    work.mkdir()
    opens = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
    options = ["-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={folder}", *opens]
    command = [
        str(home / "bin" / "java"),
        *options,
        "-cp",
        os.pathsep.join(map(str, [conf, f"{libraries}/*", *further])),
    ]
    log = folder / "hive.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "org.apache.hive.service.server.HiveServer2"], cwd=work, stdout=output, stderr=output
        )
        try:
            _wait(process, port, log)
            yield Hive(port, libraries, home, log)
        finally:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        if process.poll() is not None or time.monotonic() > end:
            pytest.fail(f"HiveServer2 did not start: {log.read_text()[-3000:]}")
        if listens(port):
            return
        time.sleep(0.2)
