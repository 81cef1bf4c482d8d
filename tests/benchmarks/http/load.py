"""The load of requests over HTTP, from wrk: one after the other on each connection."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dai_nifi.errors import ToolError
from tests.benchmarks import canvas, common
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE

TYPED_ROW = {name: float(text) if name in ("pclass", "age", "fare") else text for name, text in GOLDEN_ROW.items()}
"""The row that all are asked for, its numbers as such."""
_SCRIPT = Path(__file__).parent / "wrk.lua"


@dataclass(frozen=True)
class Target:
    """Something that answers requests; ``scores`` finds the two predictions in its answer, None where it has none."""

    name: str
    url: str
    body: bytes
    scores: Callable[[Any], tuple[float, ...]] | None


def hindrance() -> str | None:
    """Why nothing can be measured here, if so."""
    return None if shutil.which("wrk") else "the load comes from wrk, which is not on this machine: apt-get install wrk"


def check(target: Target) -> None:
    """Ask for the score of one row, once it answers; raises ToolError for a wrong one."""
    request = urllib.request.Request(target.url, target.body, {"Content-Type": "application/json"})

    def answer() -> Any:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)
        except ConnectionError:
            # NiFi calls HandleHttpRequest running before it listens.
            return None
        except OSError as error:
            if isinstance(getattr(error, "reason", None), ConnectionError):
                return None
            raise

    found = canvas.until(answer)
    given, expected = (
        (found, json.loads(target.body)) if target.scores is None else (target.scores(found), GOLDEN_SCORE)
    )
    if given != expected:
        raise ToolError(f"{target.name} answers {given} where it should be {expected}: nothing is measured.")


def load(target: Target, connections: int, seconds: float) -> dict[str, float]:
    """Requests, seconds, percentiles of the latency in ms, and failures, by name."""
    with tempfile.NamedTemporaryFile() as body:
        body.write(target.body)
        body.flush()
        command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:.0f}s"]
        command += ["--timeout", "20s", "--script", str(_SCRIPT), target.url, "--", body.name, "application/json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout.rpartition(b"@")[2])
    return figures


def summary(
    rounds: list[dict[str, float]],
    samples: Mapping[str, Mapping[int, list[dict[str, float]]]],
    count: int,
    medians: Sequence[str],
    others: Mapping[str, str],
) -> dict[str, Any]:
    """The figures of a target at a number of connections, from its ``rounds`` and those of all targets.

    ``medians`` are the keys whose medians count; ``others`` are targets to compare with, by the key of the ratio.
    """
    rates = [one["requests"] / one["seconds"] for one in rounds]
    found: dict[str, Any] = {
        "requests_a_second": common.spread(rates, 1),
        **{key: round(statistics.median(one[key] for one in rounds), 2) for key in medians},
        "failures": int(sum(one["status"] + one["lost"] for one in rounds)),
    }
    for key, other in others.items():
        if other in samples:
            theirs = [one["requests"] / one["seconds"] for one in samples[other][count]]
            found[key] = round(statistics.median(a / b for a, b in zip(rates, theirs, strict=True)), 3)
    return found
