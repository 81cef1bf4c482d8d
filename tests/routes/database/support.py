"""What these tests share: the types of their fixtures, a command that is killed, and a network that breaks."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.postgres import Database
from tests.support.processes import hear_ctrl_c


class Done(NamedTuple):
    """How a command ended, and its JSON document."""

    code: int
    document: dict[str, Any]

    @property
    def error(self) -> str:
        return str(self.document["error"]["message"])


Command = Callable[..., Done]

Ask = Callable[..., list[tuple[Any, ...]]]
"""Runs statements, and returns the rows of the last."""

PASSWORD = "hidden-pass word"
"""Of the H2 of these tests."""


def ask_sqlite(file: Path, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement in a file of SQLite, and return its rows."""
    with closing(sqlite3.connect(file)) as database, database:
        return database.execute(statement).fetchall()


def ask_duckdb(file: Path, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements in a file of DuckDB, and return the rows of the last; skips where its driver is missing."""
    dbapi = pytest.importorskip("adbc_driver_duckdb.dbapi", reason="the extra duckdb is not installed")
    with dbapi.connect(str(file)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        found = list(cursor.fetchall())
        connection.commit()
        return found


def scores_by_id(server: Database, table: str = "scores") -> dict[int, float]:
    """The model's probability of "male" in each row of a table of PostgreSQL, by the row's id."""
    return {int(one["id"]): float(one["male"]) for one in server.ask(f"SELECT id, male FROM {table}")}


def kill_in_the_middle(command: Sequence[str], chunks: int) -> None:
    """Start it, and kill it soon after so many chunks."""
    end_in_the_middle(command, chunks, signal.SIGKILL)


def end_in_the_middle(command: Sequence[str], chunks: int, number: signal.Signals) -> tuple[int, str]:
    """Start it, send it a signal soon after so many chunks, and return its exit code and what it said after that."""
    ours, theirs = socket.socketpair()
    # Room for a few lines: the command waits for this process to read them, so it cannot end before the signal.
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    with ours, ours.makefile() as lines:
        with theirs:
            process = subprocess.Popen(
                command, stderr=theirs, stdout=subprocess.DEVNULL, env=os.environ, preexec_fn=hear_ctrl_c
            )
        with process:
            try:
                seen = 0
                while seen < chunks:
                    line = lines.readline()
                    assert line, "it ended before the signal"
                    seen += bool(re.search(r"\d rows$", line))
                process.send_signal(number)
                said = lines.read()
            except BaseException:
                process.kill()
                raise
        return process.returncode, said


@contextmanager
def cutting(
    port: int, sent: int | None, received: int | None, also: Callable[[], None] = lambda: None
) -> Iterator[int]:
    """A port that leads to another one until one connection has sent or received so many bytes: then all are closed.

    ``also`` is called before.
    """
    sockets: list[socket.socket] = []
    is_cut = threading.Event()

    def cut() -> None:
        if not is_cut.is_set():
            also()
        is_cut.set()
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def carry(source: socket.socket, to: socket.socket, most: int | None) -> None:
        total = 0
        with suppress(OSError):
            while data := source.recv(4096):
                total += len(data)
                if most is not None and total > most:
                    cut()
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                behind = socket.create_connection(("127.0.0.1", port))
                sockets.extend((client, behind))
                if is_cut.is_set():
                    cut()
                for pair in ((client, behind, sent), (behind, client, received)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            cut()
            listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    for one in sockets:
        one.close()
