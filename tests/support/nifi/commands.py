"""The command as its users run it: a process of its own, also one that gets a signal."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

from dai_nifi import cli
from tests.support.called import Ended, called
from tests.support.processes import hear_ctrl_c
from tests.support.waiting import PATIENCE

COMMAND = [sys.executable, "-c", "from dai_nifi.__main__ import main; main()"]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)


def look(*arguments: str | Path) -> Ended:
    """Run a command that changes nothing, in this process: to start another takes it most of a second."""
    return called(cli.main, *map(str, arguments))


def interrupted(line: str, number: signal.Signals, *arguments: str | Path) -> tuple[int, str]:
    """Run a command and send it a signal when it has printed this line of progress; its exit code and words."""
    command = [*COMMAND, *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c) as process:
        # One that does not end is to fail the test, not to hold it up.
        ending = threading.Timer(PATIENCE, process.kill)
        ending.start()
        said = []
        for one in process.stderr or ():
            said.append(one)
            if line in one:
                process.send_signal(number)
        code = process.wait()
        ending.cancel()
    text = "".join(said)
    assert line in text
    return code, text
