"""How fast `dai-score table` scores a table of PostgreSQL into another one, with the MOJO of the Titanic.

Each way runs as a command of its own, in turns; the least CPU time and the shortest elapsed time of the rounds count.
Beside them H2O's way to write scores: one UPDATE a row, each committed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.benchmarks.common import ROOT, console, end_orderly, machine, say, titanic, write
from tests.support.postgres import PASSWORD, Postgres, postgres

_WAYS: dict[str, tuple[str, ...]] = {
    "by key, chunks committed": ("--table", "passengers", "--target", "scores"),
    "one transaction": ("--query", "TABLE passengers", "--target", "scores"),
    "by key, ids and scores only": (
        *("--table", "passengers", "--target", "scores"),
        *("--output-columns", "ids", "--id-columns", "id"),
    ),
    "UPDATE of the same table": ("--table", "passengers", "--mode", "update"),
}
_PASSENGERS = """
DROP TABLE IF EXISTS passengers;
CREATE TABLE passengers AS SELECT g AS id, (g % 3 + 1)::smallint AS pclass,
    CASE g % 3 WHEN 0 THEN 'male' WHEN 1 THEN 'female' END AS sex,
    CASE WHEN g % 7 > 0 THEN g % 80 + 0.5::float8 END AS age,
    'A' || g % 997 AS ticket, (7.25 + g % 5000 * 0.01)::numeric(8, 2) AS fare, 'C' || g % 11 AS cabin
    FROM generate_series(1, {rows}) g;
ALTER TABLE passengers ADD PRIMARY KEY (id);
VACUUM ANALYZE passengers;
CHECKPOINT;
"""
_CLEAN = """
DROP TABLE IF EXISTS scores, scores_rejected, passengers_rejected, dai_score_progress;
ALTER TABLE passengers DROP COLUMN IF EXISTS "survived.0", DROP COLUMN IF EXISTS "survived.1";
VACUUM passengers;
CHECKPOINT;
"""


@dataclass(frozen=True)
class Figures:
    """Of one run: rows a second, microseconds of CPU time a row of the command and of the server, megabytes."""

    rows_per_second: float
    command: float
    server: float
    megabytes: float


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.databases", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000], help="sizes of the table (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="ways with this in their name")
    parser.add_argument("--one-by-one", type=int, default=1000, help="rows that are updated one by one (%(default)s)")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-databases.json")
    arguments = parser.parse_args()
    end_orderly()
    ways = {name: words for name, words in _WAYS.items() if arguments.only in name}
    found: dict[str, dict[str, Any]] = {}
    with postgres() as server:
        os.environ["PGPASSWORD"] = PASSWORD
        for rows in arguments.rows:
            say(f"{rows:,} rows ...")
            server.ask(_PASSENGERS.format(rows=rows))
            size = found[str(rows)] = {}
            for _ in range(arguments.rounds):
                for name, words in ways.items():
                    size.setdefault(name, []).append(vars(_measured(server, rows, words, arguments.threads)))
        if arguments.one_by_one:
            server.ask(_CLEAN)
            found["1 by 1"] = {"one UPDATE a row, each committed": [vars(_one_by_one(server, arguments.one_by_one))]}
    write(arguments.json, {"machine": machine(), "threads": arguments.threads, "figures": found})
    table = Table("rows", "way", "rows/s", "CPU us a row: command", "server", "MB at most")
    for count, names in found.items():
        for name, runs in names.items():
            best = {key: (max if key == "rows_per_second" else min)(run[key] for run in runs) for key in runs[0]}
            shown = [f"{best['rows_per_second']:,.0f}", f"{best['command']:.2f}", f"{best['server']:.2f}"]
            table.add_row(count, name, *shown, f"{best['megabytes']:.0f}")
    console.print(table)


def _measured(server: Postgres, rows: int, words: Sequence[str], threads: int) -> Figures:
    server.ask(_CLEAN)
    source = f"postgresql://{server.user}@127.0.0.1:{server.port}/{server.name}"
    command = [sys.executable, "-m", "dai_scoring.cli", "table", "-m", str(titanic()), "--source", source, *words]
    before = _server_seconds(server)
    process = subprocess.Popen(
        [*command, "--threads", str(threads), "--accept-h2o-licence", "--json"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        document = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert (process.returncode, document["scored"]) == (0, rows), document
    used = usage.ru_utime + usage.ru_stime
    return Figures(
        rows / document["seconds"],
        used / rows * 1e6,
        (_server_seconds(server) - before) / rows * 1e6,
        usage.ru_maxrss / 1024,
    )


def _one_by_one(server: Postgres, rows: int) -> Figures:
    """The scores are known already: only writing them is measured."""
    from adbc_driver_postgresql import dbapi

    server.ask('ALTER TABLE passengers ADD "survived.0" float8, ADD "survived.1" float8')
    source = f"postgresql://{server.user}@127.0.0.1:{server.port}/{server.name}"
    before = _server_seconds(server)
    with dbapi.connect(source, autocommit=True) as connection, connection.cursor() as cursor:
        cpu, began = time.process_time(), time.perf_counter()
        for row in range(1, rows + 1):
            cursor.execute(
                'UPDATE passengers SET "survived.0" = $1, "survived.1" = $2 WHERE id = $3', (0.25, 0.75, row)
            )
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
    time.sleep(0.5)  # The server's process for the connection ends, and its time is added to the server's.
    return Figures(rows / seconds, used / rows * 1e6, (_server_seconds(server) - before) / rows * 1e6, 0)


def _server_seconds(server: Postgres) -> float:
    """CPU time of the server and of all its processes, those that have ended too."""
    first = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # It has ended since.
            continue
        if int(stat.parent.name) == first:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == first:
            ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
