"""Serving the MOJO with MLServer, which realtime-http is compared with."""

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


@contextmanager
def served(model: Path, folder: Path, workers: int, say: Callable[[str], None]) -> Iterator[tuple[str, int]]:
    """Serve a MOJO on the loopback interface; yields the address to POST inference requests to, and the process."""
    python = environments.python("mlserver", _HERE / "requirements.txt", say)
    folder.mkdir()
    ports = {name: free_port() for name in ("http_port", "grpc_port", "metrics_port")}
    settings = {"host": LOOPBACK, **ports, "parallel_workers": workers, "debug": False}
    (folder / "settings.json").write_text(json.dumps(settings))
    about = {"name": "mojo", "implementation": "mojo_runtime.Mojo", "parameters": {"uri": str(model)}}
    (folder / "model-settings.json").write_text(json.dumps(about))
    base = f"http://{LOOPBACK}:{ports['http_port']}"
    log = folder / "mlserver.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [python.with_name("mlserver"), "start", folder],
            env={**os.environ, "PYTHONPATH": str(_HERE)},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    with ended(server):
        wait_for(f"{base}/v2/models/mojo/ready", server, log)
        yield f"{base}/v2/models/mojo/infer", server.pid


def body(row: Mapping[str, float | str]) -> bytes:
    """A request for the score of a row."""
    inputs = [
        {"name": name, "shape": [1, 1], "datatype": "BYTES" if isinstance(value, str) else "FP64", "data": [value]}
        for name, value in row.items()
    ]
    return json.dumps({"inputs": inputs}).encode()


def scores(answer: Any) -> tuple[float, ...]:
    """The two predictions in its answer."""
    found = {one["name"]: one["data"][0] for one in answer["outputs"]}
    return found["survived.0"], found["survived.1"]
