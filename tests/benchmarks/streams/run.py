"""Messages a second of ``dai-score stream``, with none and with 5% bad messages, beside an empty consumer.

Each round measures all of them in turn. The worker's time begins when it is ready, so joining its group counts, which
takes a constant time; the empty consumer's time begins with its first message. Only the ratios say much. Beside them is
the processor's time of each process, without that of the broker: the least of the rounds, for a machine that does more.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from tests.benchmarks import common
from tests.benchmarks.streams import latency, others
from tests.benchmarks.streams.targets import Target, running
from tests.support.brokers.records import message, mixed
from tests.support.brokers.worker import COMMAND

BROKERS = ("kafka", "redis", "rabbitmq", "activemq")
EMPTY, GOOD, BAD = "empty", "worker", "worker, 5% bad"


class Times(NamedTuple):
    """How long something took, and how long it used the processor, in seconds."""

    seconds: float
    processor: float


def main() -> None:
    """Measure and print; the figures also go into a file as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.streams.run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=BROKERS, default=list(BROKERS))
    parser.add_argument("--max-batch", type=int, default=2000)
    common.add_arguments(parser, common.ROOT / "build" / "bench-streams.json")
    arguments = parser.parse_args()
    common.end_orderly()
    figures: dict[str, dict[str, Any]] = {}
    for name in arguments.only:
        with tempfile.TemporaryDirectory(prefix="dai-bench-") as folder, running(name, Path(folder)) as target:
            figures[name] = measured(target, arguments.rounds, arguments.max_batch)
            if name == "kafka":
                figures[name] |= beside(target, arguments.rounds, arguments.max_batch, Path(folder))
    show(figures)
    common.write(arguments.json, {"machine": common.machine(), "streams": figures})


def measured(target: Target, rounds: int, most: int) -> dict[str, Any]:
    """Messages a second of each, and the ratios: the medians of those of the rounds."""
    good = [message(at) for at in range(target.count)]
    bad = mixed(target.count, 20)
    times: dict[str, list[Times]] = {EMPTY: [], GOOD: [], BAD: []}
    for number in range(rounds):
        common.say(f"{target.name}: round {number + 1} of {rounds} ...")
        times[EMPTY].append(_empty(target, target.send(good), most))
        times[GOOD].append(_worker(target, target.send(good), most))
        times[BAD].append(_worker(target, target.send(bad), most))
    rates = {name: [target.count / one.seconds for one in found] for name, found in times.items()}

    def ratio(one: str, other: str) -> float:
        return round(statistics.median(a / b for a, b in zip(rates[one], rates[other], strict=True)), 3)

    return {
        "messages_a_second": {name: common.spread(found, 0) for name, found in rates.items()},
        "processor_us_a_message": {
            name: round(min(one.processor for one in found) / target.count * 1e6, 2) for name, found in times.items()
        },
        "of_empty": ratio(GOOD, EMPTY),
        "bad_of_good": ratio(BAD, GOOD),
    }


def beside(target: Target, rounds: int, most: int, folder: Path) -> dict[str, Any]:
    """The worker's messages a second as multiples of those of consumers that teams write first; and its latency."""
    java = others.plain_java(folder)
    good = [message(at) for at in range(target.count)]
    few = good[: target.count // 20]
    of_java, of_python = [], []
    for number in range(rounds):
        common.say(f"{target.name}: beside others, round {number + 1} of {rounds} ...")
        rate = target.count / _worker(target, target.send(good), most).seconds
        of_java.append(rate * java(target.address, target.send(good), target.count, most) / target.count)
        of_python.append(rate * others.by_hand(target.address, target.send(few), len(few)) / len(few))
    topic = target.send([message(0)])
    return {
        "of_plain_java": common.spread(of_java, 2),
        "of_python_by_hand": common.spread(of_python, 2),
        "latency_ms": latency.measured(target.address, topic, partial(_started, target, topic, most)),
    }


def show(figures: dict[str, dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("broker", EMPTY, GOOD, BAD, "worker of empty", "5% bad of none", "processor, us a message")
    for name, found in figures.items():
        rates = [f"{one['median']:,.0f}" for one in found["messages_a_second"].values()]
        used = " / ".join(map(str, found["processor_us_a_message"].values()))
        table.add_row(name, *rates, f"{found['of_empty']:.2f}", f"{found['bad_of_good']:.2f}", used)
    common.console.print(table)
    for name, found in figures.items():
        if "latency_ms" in found:
            many = f"{found['of_plain_java']['median']} of a plain Java consumer"
            few = f"{found['of_python_by_hand']['median']} of one in Python by hand"
            times = " / ".join(f"{one:.1f}" for one in found["latency_ms"].values())
            common.console.print(f"{name}: {many}, {few}; p50 / p99 of one message at a time {times} ms")


def _empty(target: Target, place: str, most: int) -> Times:
    words = [target.name, target.address, place, f"{place}-scored", str(target.count), str(most)]
    command = [sys.executable, "-m", "tests.benchmarks.streams.empty", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=common.ROOT)
    return Times(*map(float, done.stdout.split()))


def _started(target: Target, place: str, most: int) -> subprocess.Popen[str]:
    """A worker; its first line names the address of its metrics, its second says that it is ready."""
    places = ["--input", place, "--output", f"{place}-scored", "--rejected", f"{place}-rejected"]
    more = ["--model", str(common.titanic()), "--accept-h2o-licence", "--max-batch", str(most), "--metrics-port", "0"]
    command = [*COMMAND, target.name, *target.arguments, *places, *more]
    environment = {**os.environ, **target.environment}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def _worker(target: Target, place: str, most: int) -> Times:
    with _started(target, place, most) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        process.stdout.readline()
        began, used = time.perf_counter(), common.processor_seconds(process.pid)
        try:
            while _done(address) < target.count:
                time.sleep(0.05)
            return Times(time.perf_counter() - began, common.processor_seconds(process.pid) - used)
        finally:
            process.terminate()


def _done(address: str) -> int:
    with urllib.request.urlopen(address, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    names = ("dai_stream_messages_scored_total ", "dai_stream_messages_rejected_total{")
    return sum(int(line.split()[-1]) for line in lines if line.startswith(names))


if __name__ == "__main__":
    main()
