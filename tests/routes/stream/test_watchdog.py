"""The watchdog ends a process whose call does not return."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import time
from dai_routes.stream.running.watchdog import Watchdog
from dai_routes.stream.stop import Stop
watchdog = Watchdog({limit}, Stop())
{before}
with watchdog.over("publishing scores"):
    time.sleep({seconds})
with watchdog.over("receiving"):
    pass
print("went on")
"""


def run(limit: float, seconds: float, before: str = "") -> subprocess.CompletedProcess[str]:
    code = CODE.format(limit=limit, seconds=seconds, before=before)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_a_call_that_hangs_ends_the_process() -> None:
    done = run(0.2, 50)
    assert (done.returncode, done.stdout) == (16, "")
    assert "has hung for 0.2 s while publishing scores" in done.stderr


def test_a_call_that_hangs_ends_soon_after_a_signal() -> None:
    done = run(600, 500, "watchdog._stop.set()")
    assert (done.returncode, done.stdout) == (143, "")
    assert "A signal ended the wait for the broker" in done.stderr


def test_a_call_that_returns_does_not() -> None:
    done = run(60, 0.1)
    assert (done.returncode, done.stdout) == (0, "went on\n")
