"""Ctrl-C at any moment of a call of an ADBC driver is an interruption: also as the call ends, or between two calls."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.postgres import Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

TIMES = 100

# Each try runs in its own process, which a driver may end. It exits with 130 if Ctrl-C was heard, and with 7 if not.
SCRIPT = """
import json, os, random, signal, sys, threading, time
from collections import Counter
from pathlib import Path
from dai_routes.database.adbc.duckdb import DuckDB
from dai_routes.database.adbc.postgresql import PostgreSQL
from dai_scoring.cli import signals

address, times = sys.argv[1], int(sys.argv[2])
ends = Counter()

def interrupt(seconds):
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGINT)

def run(seconds):
    # Tests that run in the background ignore it, and so would what they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signals.PATIENCE_SECONDS = 300
    signals.install_handlers()
    signals.begin_work()
    try:
        database = PostgreSQL(address) if "://" in address else DuckDB(Path(address), must_exist=False)
        sender = threading.Thread(target=interrupt, args=[seconds])
        sender.start()
        while sender.is_alive():
            database.run("SELECT 1")
        for _ in range(1000):
            database.run("SELECT 1")
        return 7
    except KeyboardInterrupt:
        database.rollback()
        database.close()
        return 130

for _ in range(times):
    pid = os.fork()
    if not pid:
        code = 1
        try:
            code = run(random.random() * 0.02)
        except Exception as error:
            print(error, file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    ends[os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])] += 1
print(json.dumps(ends))
"""


def ends(address: str) -> tuple[dict[str, int], str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, address, str(TIMES)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout), done.stderr


def test_no_ctrl_c_is_lost_with_duckdb(tmp_path: Path) -> None:
    pytest.importorskip("adbc_driver_duckdb", reason="this needs the extra duckdb")
    assert ends(str(tmp_path / "some.duckdb")) == ({"130": TIMES}, "")


def test_no_ctrl_c_is_lost_with_postgresql(server: Postgres, address: str) -> None:
    assert ends(address) == ({"130": TIMES}, "")
