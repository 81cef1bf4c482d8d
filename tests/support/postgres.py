"""A PostgreSQL of the tests' own, from the Debian package postgresql."""

from __future__ import annotations

import csv
import io
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.waiting import PATIENCE

USER = "scorer"
PASSWORD = "not-for-any-log"


def programs() -> Path:
    """Where initdb and pg_ctl are; skips where they are not."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return (found[-1] if found else Path(str(on_path))).parent


@dataclass(frozen=True)
class Database:
    """A database of a server that listens on a port of the loopback interface."""

    psql: Path
    port: int
    user: str
    name: str
    url: str
    """As NiFi reaches it."""

    def ask(self, statement: str) -> list[dict[str, str]]:
        """Run a statement; null and empty text both come as ''."""
        place = ["-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, self.name]
        done = subprocess.run(
            [self.psql, "-q", "--csv", "-v", "ON_ERROR_STOP=1", *place],
            input=statement,
            env={**os.environ, "PGPASSWORD": PASSWORD, "PGTZ": "UTC"},
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def count(self, table: str) -> int:
        return int(self.ask(f"select count(*) as n from {table}")[0]["n"])


@dataclass(frozen=True)
class Postgres(Database):
    """A server of the tests' own, with its one database."""

    programs: Path
    folder: Path
    account: str | None
    """Who runs it, where that is somebody else: it does not run as root."""

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.programs / program, "-D", self.folder / "data", *arguments],
            check=True,
            cwd="/",
            user=self.account,
            group=None if self.account is None else pwd.getpwnam(self.account).pw_gid,
            extra_groups=None if self.account is None else [],
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self.run("pg_ctl", "start", "-w", "-t", f"{PATIENCE:.0f}", "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-w", "-t", f"{PATIENCE:.0f}", "-m", "immediate")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Make a server, run it, and delete it."""
    account = None
    if os.geteuid() == 0:
        names = {one.pw_name for one in pwd.getpwall()}
        account = "postgres" if "postgres" in names else "nobody"
    found = programs()
    # Not below pytest's folders: these are closed to the other account.
    folder = Path(tempfile.mkdtemp(prefix="dai-nifi-postgres-"))
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if account is not None:
            for path in (folder, secret):
                shutil.chown(path, account)
        port = free_port()
        url = f"jdbc:postgresql://127.0.0.1:{port}/postgres"
        server = Postgres(found / "psql", port, USER, "postgres", url, found, folder, account)
        server.run("initdb", "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
