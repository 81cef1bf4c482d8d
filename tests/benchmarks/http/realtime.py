"""Requests a second and their latency: realtime-http beside NiFi's own limit and beside MLServer.

Each target gets the same row, and must answer it right before it is measured. The load is wrk's, one request after
the other on each connection. Rounds go through all targets in turn, so that what else the machine does hits all alike.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from dai_nifi.errors import PrerequisiteError
from dai_nifi.flows.builder import Flow
from dai_nifi.flows.parts import Bundle, Connection, Processor, Service
from dai_nifi.local.ports import LOOPBACK, free_port
from dai_nifi.operations.deploy import Request, deploy
from tests.benchmarks import canvas, common, mlserver, server
from tests.benchmarks.http.load import TYPED_ROW, Target, check, hindrance, load, summary

CONNECTIONS = (1, 8, 32)
EMPTY = "HandleHttpRequest, Empty (Python), HandleHttpResponse"
NOTHING = "HandleHttpRequest, HandleHttpResponse"
MLSERVER = "MLServer 1.7, 2 workers, daimojo"
_MEDIANS = ("p50", "p90", "p99")
_RATIOS = {"of_empty": EMPTY, "of_mlserver": MLSERVER}


@dataclass(frozen=True)
class Options:
    """How to measure: rounds, seconds of each measurement, numbers of connections, a part of the targets' names."""

    rounds: int = 3
    seconds: float = 4.0
    connections: tuple[int, ...] = CONNECTIONS
    only: str = ""


def main() -> None:
    """Measure and print; the figures also go into a file as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.http.realtime", description=__doc__)
    parser.add_argument("--rounds", type=int, default=Options.rounds)
    parser.add_argument("--seconds", type=float, default=Options.seconds, help="of each measurement")
    parser.add_argument("--only", default="", help="targets whose names have this part, such as java or MLServer")
    parser.add_argument("--connections", type=int, nargs="+", default=list(CONNECTIONS))
    common.add_arguments(parser, common.ROOT / "build" / "bench-realtime.json")
    arguments = parser.parse_args()
    common.end_orderly()
    with tempfile.TemporaryDirectory(prefix="dai-bench-") as folder:
        options = Options(arguments.rounds, arguments.seconds, tuple(arguments.connections), arguments.only)
        figures = measured(Path(folder), options, common.properties(arguments))
    show(figures)
    common.write(arguments.json, {"machine": common.machine(), "realtime": figures})
    if count := failures(figures):
        sys.exit(f"{count} requests failed.")


def failures(figures: dict[str, dict[str, Any]]) -> int:
    """How many requests were answered with another status than 200, or not at all."""
    return sum(one["failures"] for of in figures.values() for one in of.values())


def measured(folder: Path, options: Options, properties: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Figures by target and number of connections."""
    if reason := hindrance():
        raise PrerequisiteError(reason)
    wanted = [name for name in server.runtimes() if name != "python"]
    with (
        server.nifi(folder, wanted, ["Empty"], properties, common.say),
        _targets(folder, common.titanic(), wanted, options.only) as targets,
    ):
        for target in targets:
            check(target)
            load(target, 32, 6.0)
        samples: dict[str, dict[int, list[dict[str, float]]]] = {
            target.name: {count: [] for count in options.connections} for target in targets
        }
        for number in range(options.rounds):
            common.say(f"Round {number + 1} of {options.rounds} ...")
            for count in options.connections:
                for target in targets:
                    samples[target.name][count].append(load(target, count, options.seconds))
    return {
        name: {str(count): summary(rounds, samples, count, _MEDIANS, _RATIOS) for count, rounds in of.items()}
        for name, of in samples.items()
    }


def show(figures: dict[str, dict[str, Any]]) -> None:
    """Print the table."""
    table = Table(
        "connections", "what answers", "requests/s", "min-max", "p50 ms", "p90", "p99", "of Empty", "of MLServer"
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for count in next(iter(figures.values())):
        for name, of in figures.items():
            one = of[count]
            rate = one["requests_a_second"]
            ratios = [f"{one[key]:.2f}" if key in one else "" for key in ("of_empty", "of_mlserver")]
            failed = f" ({one['failures']} FAILED)" if one["failures"] else ""
            percentiles = [f"{one[key]:.1f}" for key in ("p50", "p90", "p99")]
            limits = f"{rate['min']:,.0f}-{rate['max']:,.0f}"
            table.add_row(count, name + failed, f"{rate['median']:,.0f}", limits, *percentiles, *ratios)
        table.add_section()
    common.console.print(table)


@contextmanager
def _targets(folder: Path, model: Path, wanted: list[str], only: str) -> Iterator[list[Target]]:
    def chosen(name: str) -> bool:
        return only.lower() in name.lower() or name in (EMPTY, MLSERVER)

    rows = json.dumps([TYPED_ROW]).encode()
    targets: list[Target] = []
    with ExitStack() as stack:
        for runtime in wanted:
            if chosen(name := f"realtime-http ({runtime})"):
                common.say(f"Deploying {name} ...")
                parameters = {"http.port": str(free_port())}
                done = deploy(Request("realtime-http", model, runtime, name=name, parameters=parameters))
                targets.append(Target(name, str(done.endpoint), rows, _of_rows))
        targets += [Target(name, _answering(name), rows, None) for name in (EMPTY, NOTHING) if chosen(name)]
        if "cpp" in wanted:
            url, _ = stack.enter_context(mlserver.served(model, folder / "mlserver", 2, common.say))
            targets.append(Target(MLSERVER, url, mlserver.body(TYPED_ROW), mlserver.scores))
        yield targets


def _of_rows(answer: Any) -> tuple[float, ...]:
    return answer[0]["survived.0"], answer[0]["survived.1"]


def _answering(name: str) -> str:
    """Place and start a flow that gives every request back; its address."""
    contexts = Service(
        name="Open requests",
        type="org.apache.nifi.http.StandardHttpContextMap",
        bundle=Bundle("nifi-http-context-map-nar"),
        api="org.apache.nifi.http.HttpContextMap",
        api_bundle=Bundle("nifi-standard-services-api-nar"),
        properties={"Maximum Outstanding Requests": "5000", "Request Expiration": "1 min"},
    )
    port = free_port()
    receive = Processor(
        "Receive",
        "org.apache.nifi.processors.standard.HandleHttpRequest",
        (0, 0),
        {
            "Listening Port": str(port),
            "Hostname": LOOPBACK,
            "HTTP Context Map": contexts,
            "container-queue-size": "200",
        },
    )
    empty = Processor("Empty", "Empty", (600, 0), {}, canvas.PYTHON, auto_terminated=("original", "failure"))
    respond = Processor(
        "Respond",
        "org.apache.nifi.processors.standard.HandleHttpResponse",
        (1200, 0),
        {"HTTP Status Code": "200", "HTTP Context Map": contexts, "Content-Type": "${mime.type}"},
        dynamic=("Content-Type",),
        auto_terminated=("success", "failure"),
    )
    steps = [receive, empty, respond] if name == EMPTY else [receive, respond]
    links = [Connection("requests", a, ["success"], b) for a, b in itertools.pairwise(steps)]
    canvas.start(canvas.place(Flow(name, "", [], [contexts], steps, links)))
    return f"http://{LOOPBACK}:{port}/"


if __name__ == "__main__":
    main()
