"""``dai-score serve`` beside an empty handler of the same server, a plain Java server, MLServer and MLflow.

It prints requests a second, latency and CPU. All get the same rows, are asked for 20 seconds first, and are measured in
turns. CPU is that of the server's processes, in microseconds a request.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from dai_nifi.local.ports import LOOPBACK, free_port
from tests.benchmarks import common, mlflow, mlserver, server
from tests.benchmarks.http import bare_server
from tests.benchmarks.http.load import TYPED_ROW, Target, check, hindrance, load, summary
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.server.serving import serving

EMPTY = "uvicorn, an empty handler"
RECORDS = "dai-score serve, records"
H2O = "dai-score serve, H2O's requests"
JAVA = "the JDK's HTTP server, row by row"
MLSERVER = "MLServer 1.7, one process, daimojo"
MLFLOW = "MLflow 3.17, one process, daimojo"
_MEDIANS = ("p50", "p99", "cpu")
_RATIOS = {"of_empty": EMPTY, "of_java": JAVA, "of_mlserver": MLSERVER}
CONNECTIONS = (1, 8, 32, 128)
_WARM_SECONDS = 20.0
_AWAKE_SECONDS = 1.0
_HANDLER = """
async def app(scope, receive, send):
    body = (await receive())["body"]
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""


@dataclass(frozen=True)
class Options:
    """How to measure: rounds, seconds of each measurement, numbers of connections, rows a request."""

    rounds: int = 3
    seconds: float = 4.0
    connections: tuple[int, ...] = CONNECTIONS
    rows: int = 1


@dataclass(frozen=True)
class _Served:
    target: Target
    process: int


def main() -> None:
    """Measure and print; the figures also go into a file as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.http.endpoints", description=__doc__)
    parser.add_argument("--rounds", type=int, default=Options.rounds)
    parser.add_argument("--seconds", type=float, default=Options.seconds, help="of each measurement")
    parser.add_argument("--connections", type=int, nargs="+", default=list(CONNECTIONS))
    parser.add_argument("--rows", type=int, default=Options.rows, help="in a request")
    parser.add_argument("--json", type=Path, default=common.ROOT / "build" / "bench-endpoints.json")
    arguments = parser.parse_args()
    common.end_orderly()
    if reason := hindrance():
        sys.exit(reason)
    options = Options(arguments.rounds, arguments.seconds, tuple(arguments.connections), arguments.rows)
    with tempfile.TemporaryDirectory(prefix="dai-bench-") as folder:
        figures = measured(Path(folder), options)
    show(figures)
    common.write(arguments.json, {"machine": common.machine(), "endpoints": figures})


def measured(folder: Path, options: Options) -> dict[str, dict[str, Any]]:
    """Figures by target and number of connections."""
    with _all(folder, options.rows) as served:
        for one in served:
            if options.rows == 1:
                check(one.target)
            load(one.target, 32, _WARM_SECONDS)
        samples: dict[str, dict[int, list[dict[str, float]]]] = {
            one.target.name: {count: [] for count in options.connections} for one in served
        }
        for number in range(options.rounds):
            common.say(f"Round {number + 1} of {options.rounds} ...")
            for count in options.connections:
                for one in served:
                    # While others are measured the system takes an idle server's memory back.
                    load(one.target, count, _AWAKE_SECONDS)
                    before = _cpu(one.process)
                    found = load(one.target, count, options.seconds)
                    found["cpu"] = (_cpu(one.process) - before) * 1e6 / max(found["requests"], 1)
                    samples[one.target.name][count].append(found)
    return {
        name: {str(count): summary(rounds, samples, count, _MEDIANS, _RATIOS) for count, rounds in of.items()}
        for name, of in samples.items()
    }


def show(figures: dict[str, dict[str, Any]]) -> None:
    """Print the table."""
    table = Table(
        "connections", "what answers", "requests/s", "p50 ms", "p99", "CPU us", "of empty", "of Java", "of MLServer"
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for count in next(iter(figures.values())):
        for name, of in figures.items():
            one = of[count]
            failed = f" ({one['failures']} FAILED)" if one["failures"] else ""
            ratios = [f"{one[key]:.2f}" if key in one else "" for key in _RATIOS]
            times = [f"{one['p50']:.2f}", f"{one['p99']:.1f}", f"{one['cpu']:.0f}"]
            table.add_row(count, name + failed, f"{one['requests_a_second']['median']:,.0f}", *times, *ratios)
        table.add_section()
    common.console.print(table)


@contextmanager
def _all(folder: Path, rows: int) -> Iterator[list[_Served]]:
    model = common.titanic()
    records = json.dumps([TYPED_ROW] * rows).encode()
    values = [list(map(str, GOLDEN_ROW.values()))] * rows
    h2o = json.dumps({"fields": list(GOLDEN_ROW), "rows": values}).encode()
    with ExitStack() as stack:
        empty = stack.enter_context(_empty(folder))
        ours = stack.enter_context(serving(folder, str(model), "--accept-h2o-licence"))
        found = [
            _Served(Target(EMPTY, empty[0], records, None), empty[1]),
            _Served(Target(RECORDS, f"{ours.address}/score", records, _of_records), ours.process.pid),
            _Served(Target(H2O, f"{ours.address}/model/score", h2o, _of_h2o), ours.process.pid),
        ]
        url, process = stack.enter_context(bare_server.served(model, folder / "java"))
        found.append(_Served(Target(JAVA, url, h2o, _of_java), process))
        if "cpp" in server.runtimes():
            if rows == 1:
                url, process = stack.enter_context(mlserver.served(model, folder / "mlserver", 0, common.say))
                found.append(_Served(Target(MLSERVER, url, mlserver.body(TYPED_ROW), mlserver.scores), process))
            url, process = stack.enter_context(mlflow.served(model, folder / "mlflow", common.say))
            found.append(_Served(Target(MLFLOW, url, mlflow.body(TYPED_ROW, rows), mlflow.scores), process))
        yield found


@contextmanager
def _empty(folder: Path) -> Iterator[tuple[str, int]]:
    (folder / "empty.py").write_text(_HANDLER)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(folder), "--port", str(port), "--no-access-log"]
    process = subprocess.Popen([*command, "--log-level", "error", "--interface", "asgi3", "empty:app"])
    try:
        yield f"http://{LOOPBACK}:{port}/", process.pid
    finally:
        process.terminate()
        process.wait()


def _cpu(process: int) -> float:
    """Seconds of CPU that a process and its children have used."""
    folder = Path(f"/proc/{process}")
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    children = [child for task in (folder / "task").iterdir() for child in (task / "children").read_text().split()]
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(map(_cpu, map(int, children)))


def _of_records(answer: Any) -> tuple[float, ...]:
    return answer[0]["survived.0"], answer[0]["survived.1"]


def _of_h2o(answer: Any) -> tuple[float, ...]:
    return tuple(map(float, answer["score"][0]))


def _of_java(answer: Any) -> tuple[float, ...]:
    # Written with the digits of a single precision number.
    return tuple(float(np.float32(text)) for text in answer["score"][0])


if __name__ == "__main__":
    main()
