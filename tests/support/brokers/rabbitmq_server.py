"""A RabbitMQ of the tests' own, from the Debian package rabbitmq-server: all its ports are on loopback, one has TLS."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port, listens
from tests.support.processes import in_group
from tests.support.server.certificates import Authority
from tests.support.waiting import PATIENCE, until

_PROGRAMS = Path("/usr/lib/rabbitmq/bin")
_SETTINGS = """\
listeners.tcp.1 = 127.0.0.1:{port}
listeners.ssl.1 = 127.0.0.1:{secured}
ssl_options.certfile = {pair.certificate}
ssl_options.keyfile = {pair.key}
loopback_users.guest = false
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 2GB
"""


@dataclass
class RabbitServer:
    url: str
    secured: str
    authority: Path
    folder: Path
    _environment: dict[str, str]
    _process: subprocess.Popen[bytes] | None = None
    _epmd: subprocess.Popen[bytes] | None = None

    def connection(self) -> Any:
        import pika

        return pika.BlockingConnection(pika.URLParameters(self.url))

    def start(self) -> None:
        import pika.exceptions

        def answers() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
            with suppress(pika.exceptions.AMQPError, OSError):
                self.connection().close()
                return True
            return False

        if self._epmd is None:
            self._epmd = subprocess.Popen(["epmd"], env=self._environment)
            # Otherwise Erlang starts one itself, which nobody ends.
            until(lambda: listens(int(self._environment["ERL_EPMD_PORT"])))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_PROGRAMS / "rabbitmq-server"], env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        until(answers)

    def end(self) -> None:
        """Kill the server and what it has started."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(PATIENCE)
            until(lambda group=self._process.pid: not in_group(group))

    def end_all(self) -> None:
        self.end()
        if self._epmd is not None:
            self._epmd.terminate()
            self._epmd.wait(PATIENCE)


@contextmanager
def rabbitmq_server(folder: Path) -> Iterator[RabbitServer]:
    """Run a server with a node name, ports and an epmd of its own, and end it."""
    pytest.importorskip("pika", reason="pika is not installed: pip install '.[rabbitmq]'")
    if not (_PROGRAMS / "rabbitmq-server").exists() or shutil.which("epmd") is None:
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    port, secured, distribution, mapper = free_port(), free_port(), free_port(), free_port()
    authority = Authority(folder)
    settings = _SETTINGS.format(port=port, secured=secured, pair=authority.pair("rabbitmq"))
    (folder / "rabbitmq.conf").write_text(settings)
    (folder / "enabled_plugins").write_text("[].\n")
    environment = {
        **os.environ,
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    url, encrypted = (f"{scheme}://guest:guest@127.0.0.1:{{}}/%2F" for scheme in ("amqp", "amqps"))
    server = RabbitServer(url.format(port), encrypted.format(secured), authority.certificate, folder, environment)
    try:
        server.start()
        yield server
    finally:
        server.end_all()
