"""What every benchmark here has: where the models are, options, the machine, how figures are kept and told."""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich.console import Console

from dai_nifi.local.assembly import version
from dai_nifi.local.java import find_java

ROOT = Path(__file__).resolve().parents[2]
console = Console(highlight=False, width=None if sys.stdout.isatty() else 180)

_PACKAGES = ("daimojo", "datatable", "jpype1", "numpy", "orjson", "pyarrow")


def say(line: str) -> None:
    """Tell what is being done."""
    console.print(line, style="dim")


def end_orderly() -> None:
    """Let a request to end, such as that of kill, end what was started too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def add_arguments(parser: argparse.ArgumentParser, json_file: Path) -> None:
    """The options that all have."""
    parser.add_argument("--json", type=Path, default=json_file, help="where the figures go (%(default)s)")
    parser.add_argument(
        "--property",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of nifi.properties, such as nifi.bored.yield.duration=1 millis; may be given more than once",
    )


def properties(arguments: argparse.Namespace) -> dict[str, str]:
    """What ``--property`` said."""
    return dict(one.split("=", 1) for one in arguments.property)


def titanic() -> Path:
    """The Driverless AI MOJO that needs no licence."""
    folder = Path(os.environ.get("DAI_MODELS", ROOT.parent / "shared" / "models"))
    model = folder / "titanic-pipeline.mojo"
    if not model.is_file():
        sys.exit(
            f"The benchmark scores with titanic-pipeline.mojo, which is not in {folder}; DAI_MODELS names another."
        )
    return model


@functools.cache
def machine() -> dict[str, Any]:
    """What the figures were measured on and with."""
    java = subprocess.run([find_java() / "bin" / "java", "-version"], capture_output=True, text=True, check=True)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None,
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "python": platform.python_version(),
        "java": java.stderr.splitlines()[0],
        "nifi": version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def processor_seconds(process: int) -> float:
    """The processor's time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(values: Sequence[float], digits: int = 0) -> dict[str, float]:
    """Median, least and greatest."""
    found = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {key: round(value, digits or None) for key, value in found.items()}


def write(file: Path, figures: dict[str, Any]) -> None:
    """Keep figures as JSON, and say where."""
    keep(file, figures)
    console.print(f"The figures are in {file}.")


def keep(file: Path, figures: dict[str, Any]) -> None:
    """Keep figures as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
