"""Runs the cases in a process of their own, and says which one it died or hung of."""

from __future__ import annotations

import argparse
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
HANGS = 120.0
"""Seconds after which a case counts as one that hangs."""


@dataclass
class Found:
    """How many cases there were, what failed, and where the inputs that failed are."""

    folder: Path
    cases: int = 0
    failures: list[str] = field(default_factory=list)
    said: str = ""


def run(seed: str, count: int, seconds: float = 1e9, first: int = 0) -> Found:
    """Score so many cases, or for so long."""
    work = Path(tempfile.mkdtemp(prefix="dai-fuzz-"))
    found = Found(work)
    end = time.monotonic() + seconds
    while found.cases < count and time.monotonic() < end:
        before = found.cases
        _process(seed, first + found.cases, count - found.cases, end - time.monotonic(), found)
        if found.cases == before:
            break
    return found


def _process(seed: str, first: int, count: int, seconds: float, found: Found) -> None:
    temporary = found.folder / "temporary"
    temporary.mkdir(exist_ok=True)
    arguments = [seed, str(first), str(count), str(seconds), str(found.folder)]
    child = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz.child", *arguments],
        cwd=_ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert child.stdout is not None
    at: int | None = None
    text: list[str] = []
    pending = b""
    try:
        while True:
            ready = select.select([child.stdout], [], [], HANGS)[0]
            if not ready:
                child.kill()
                found.failures.append(f"case {at} hangs")
                break
            block = os.read(child.stdout.fileno(), 1 << 16)
            if not block:
                break
            *lines, pending = (pending + block).split(b"\n")
            for line in (one.decode("utf-8", "replace") for one in lines):
                if line.startswith("case "):
                    if text and text[0].startswith("failed "):
                        found.failures.append("\n".join(text))
                    at, text = int(line.split()[1]), []
                elif line.startswith("done "):
                    if text and text[0].startswith("failed "):
                        found.failures.append("\n".join(text))
                    found.said, at, text = line, None, []
                    found.cases += int(line.split()[1])
                else:
                    text.append(line)
    finally:
        child.kill()
        child.wait()
    if at is not None:
        if not found.failures or "hangs" not in found.failures[-1]:
            found.failures.append(f"case {at} ends the process ({child.returncode}):\n" + "\n".join(text[-60:]))
        for name in ("input", "about"):
            if (found.folder / name).exists():
                (found.folder / name).rename(found.folder / f"failed-{at}-{name}")
        found.cases += at - first + 1


def main() -> None:
    """``python -m tests.fuzz.run``: for some seconds, from a seed or one that is printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", default="")
    parser.add_argument("--first", type=int, default=0, help="the case to begin with")
    parser.add_argument("--cases", type=int, default=1 << 60, help="at most so many")
    arguments = parser.parse_args()
    seed = arguments.seed or str(int.from_bytes(os.urandom(4), "big"))
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.flush()
    found = run(seed, arguments.cases, arguments.seconds, arguments.first)
    for failure in found.failures:
        sys.stdout.write(failure + "\n\n")
    sys.stdout.write(f"{found.cases} cases with seed {seed}, {len(found.failures)} failed. {found.said}\n")
    if found.failures:
        sys.stdout.write(
            f"What failed is in {found.folder}: one of them again with --seed {seed} --first N --cases 1\n"
        )
        sys.exit(1)
    shutil.rmtree(found.folder)


if __name__ == "__main__":
    main()
