"""A MariaDB of the tests' own, from the Debian package mariadb-server, on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.waiting import PATIENCE, until

USER = "scorer"
PASSWORD = "not-for-any-log"


@dataclass(frozen=True)
class MariaDb:
    """A server with one database, ``zoo``, which belongs to :data:`USER`."""

    port: int
    socket: Path
    client: str

    @property
    def url(self) -> str:
        return f"jdbc:mariadb://127.0.0.1:{self.port}/zoo"

    def ask(self, *statements: str) -> list[list[str]]:
        """Run statements as the server's own root, and return the rows of those that have rows."""
        words = [self.client, "--no-defaults", "-N", "-B", "-S", str(self.socket), "-u", "root"]
        done = subprocess.run(words, input=";\n".join(statements), capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def answers(self) -> bool:
        """Whether it takes connections."""
        words = [self.client, "--no-defaults", "-S", str(self.socket), "-u", "root", "-e", "SELECT 1"]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """Make a server, run it, and delete it."""
    found = {name: shutil.which(name) for name in ("mariadbd", "mariadb-install-db", "mariadb")}
    if None in found.values():
        pytest.skip("MariaDB is not installed: apt-get install mariadb-server")
    # As root it runs as another user, to whom pytest's folders are closed.
    account = ["--user=mysql"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="dai-mariadb-") as name:
        folder = Path(name)
        if account:
            shutil.chown(folder, "mysql")
        data = ["--no-defaults", *account, f"--datadir={folder / 'data'}"]
        subprocess.run(
            [str(found["mariadb-install-db"]), *data, "--auth-root-authentication-method=normal"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        server = MariaDb(free_port(), folder / "socket", str(found["mariadb"]))
        place = [f"--port={server.port}", "--bind-address=127.0.0.1", f"--socket={server.socket}"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [str(found["mariadbd"]), *data, *place, f"--pid-file={folder / 'pid'}"], stdout=log, stderr=log
            )
        try:
            until(server.answers)
            hosts = ("localhost", "127.0.0.1")
            server.ask(
                "CREATE DATABASE zoo",
                *(f"CREATE USER {USER}@'{host}' IDENTIFIED BY '{PASSWORD}'" for host in hosts),
                *(f"GRANT ALL ON zoo.* TO {USER}@'{host}'" for host in hosts),
            )
            yield server
        finally:
            process.kill()
            process.wait(PATIENCE)
