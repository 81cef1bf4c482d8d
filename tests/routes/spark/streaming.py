"""Commands of ``dai-score spark``: several in one Spark, and streams that tests end."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dai_scoring.cli.app import main
from tests.support.project import ROOT
from tests.support.waiting import PATIENCE

COPIES = 6
"""How often the rows of the sample are in the test's rows."""
FOLDERS = "dai_batch=*"
"""What a batch begins with, in a target of files."""


def write_parts(rows: Sequence[dict[str, str]], folder: Path) -> None:
    """Write the rows as files of CSV, one a copy."""
    size = len(rows) // COPIES
    for part in range(COPIES):
        part_rows = rows[part * size : (part + 1) * size]
        lines = [",".join(part_rows[0]), *(",".join(row.values()) for row in part_rows)]
        (folder / f"{part:02}.csv").write_text("\n".join(lines) + "\n")


def stream(samples: Path, folder: Path, *words: str) -> list[str]:
    command = [sys.executable, "-m", "dai_scoring.cli", "spark", "stream", "-m", str(samples / "penguins.mojo")]
    return [*command, "--checkpoint", str(folder / "checkpoint"), "--master", "local[2]", *words]


def run(command: Sequence[str], spark: dict[str, str]) -> None:
    done = subprocess.run(command, env=spark, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def kill_in_a_batch(command: Sequence[str], spark: dict[str, str], out: Path, pause: float, batches: str) -> None:
    """Start it in a group of its own, and kill that after a new file of ``batches`` is in ``out``, and a pause."""
    before = len(list(out.glob(batches)))
    log = out.with_name("log")
    with log.open("w") as output:
        process = subprocess.Popen(command, env=spark, stdout=output, stderr=output, start_new_session=True)
        try:
            end = time.monotonic() + PATIENCE
            while len(list(out.glob(batches))) <= before:
                assert process.poll() is None, log.read_text()[-3000:]
                assert time.monotonic() < end, log.read_text()[-3000:]
                time.sleep(0.02)
            time.sleep(pause)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run_all(commands: Sequence[Sequence[str]], spark: dict[str, str], folder: Path) -> list[tuple[int, str]]:
    """Run commands of ``dai-score`` one after the other in one process, since a start of Spark takes seconds.

    Returns the exit code of each, and what it printed.
    """
    result = folder / "result.json"
    command = [sys.executable, "-m", "tests.routes.spark.streaming", str(result)]
    done = subprocess.run(
        command, env=spark, cwd=ROOT, input=json.dumps(commands), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [(code, text) for code, text in json.loads(result.read_text())]


def _run_here(words: Sequence[str]) -> tuple[int, str]:
    printed = io.StringIO()
    sys.argv = ["dai-score", *words]
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0), printed.getvalue()
    return 0, printed.getvalue()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps([_run_here(words) for words in json.load(sys.stdin)]))
