"""Serving the MOJO with MLflow's scoring server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dai_nifi.local.ports import LOOPBACK, free_port
from tests.benchmarks import environments
from tests.benchmarks.waiting import ended, wait_for

_HERE = Path(__file__).parent
_SAVE = """
import sys, mlflow.pyfunc
mlflow.pyfunc.save_model(sys.argv[1], python_model=sys.argv[2], artifacts={"mojo": sys.argv[3]}, pip_requirements=[])
"""


@contextmanager
def served(model: Path, folder: Path, say: Callable[[str], None]) -> Iterator[tuple[str, int]]:
    """Serve a MOJO on the loopback interface; yields the address to POST rows to, and the process."""
    python = environments.python("mlflow", _HERE / "requirements.txt", say)
    folder.mkdir()
    command = [python, "-c", _SAVE, folder / "model", _HERE / "mojo_model.py", model]
    subprocess.run(command, check=True, capture_output=True)
    port = free_port()
    log = folder / "mlflow.log"
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    words = ["models", "serve", "-m", folder / "model", "--env-manager", "local", "-h", LOOPBACK, "-p", str(port)]
    with log.open("w") as out:
        server = subprocess.Popen(
            [python.with_name("mlflow"), *words], env={**os.environ, "PATH": path}, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    with ended(server):
        wait_for(f"http://{LOOPBACK}:{port}/ping", server, log)
        yield f"http://{LOOPBACK}:{port}/invocations", server.pid


def body(row: Mapping[str, float | str], rows: int) -> bytes:
    """A request for the scores of a row, so many times."""
    return json.dumps({"dataframe_split": {"columns": list(row), "data": [list(row.values())] * rows}}).encode()


def scores(answer: Any) -> tuple[float, ...]:
    """The two predictions in its answer."""
    found = answer["predictions"][0]
    return found["survived.0"], found["survived.1"]
