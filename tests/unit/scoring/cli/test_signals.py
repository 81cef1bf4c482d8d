"""Ctrl-C at the worst moment."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dai_scoring.cli import signals
from tests.support.waiting import PATIENCE

RUN = """
import functools, os, signal, threading, time, types
from dai_scoring.cli import signals
# Tests that run in the background ignore it, and so would what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# It comes again when a line below lets it, so that a busy machine changes nothing.
signals._AGAIN_SECONDS = signals.PATIENCE_SECONDS = {patience}
def again():
    assert signal.getitimer(signal.ITIMER_REAL)[0], "it would not come again"
    signal.setitimer(signal.ITIMER_REAL, 0.01)
signals.install_handlers()
signals.begin_work()
condition = threading.Condition()
# As it comes when the lock was taken just now.
interrupt = functools.partial(os.kill, os.getpid(), signal.{signal})
condition._lock = types.SimpleNamespace(__enter__=interrupt, __exit__=lambda *_: print("given back"))
try:
    with condition:
        print("taken")
        {then}
        again()
        time.sleep({patience})
except KeyboardInterrupt:
    print("interrupted")
"""
IGNORED_FOR_A_WHILE = """
        before = [(number, signal.signal(number, signal.SIG_IGN)) for number in (signal.SIGINT, signal.SIGTERM)]
        again()
        # It has come, and is to come again.
        while signal.getitimer(signal.ITIMER_REAL)[0] <= 0.01: pass
        print("in peace")
        for number, handler in before: signal.signal(number, handler)
"""


def said(number: str, then: str) -> list[str]:
    command = [sys.executable, "-c", RUN.format(signal=number, then=then, patience=PATIENCE)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout.splitlines()


def test_a_lock_that_was_taken_is_given_back() -> None:
    for number in ("SIGINT", "SIGTERM"):
        assert said(number, "") == ["taken", "given back", "interrupted"]


def test_what_ignores_it_for_a_while_is_left_in_peace() -> None:
    assert said("SIGTERM", IGNORED_FOR_A_WHILE) == ["taken", "in peace", "given back", "interrupted"]


RUN_UNHEARD = """
import os, signal, sys, time
from pathlib import Path
from dai_scoring.cli import signals
signal.signal(signal.SIGINT, signal.default_int_handler)
signals.PATIENCE_SECONDS = 0.3
signals.install_handlers()
signals.begin_work()
with signals.temporary_folder("begun-", Path(sys.argv[2])) as folder:
    (folder / "half").write_text("a file")
    {then}
"""
# Another thread gets the signal, so that nothing wakes the main thread: as while it is in Java, or looks up a name.
# It says that it is ready and waits within one call of the system, for nobody reads the rest: no step of Python's is
# between the two, at which the signal would be heard.
IS_ELSEWHERE = """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    os.write(1, b"ready" + bytes([10]) + bytes(1_000_000))
"""
DROPS_IT = """
    try:
        print("ready", flush=True)
        time.sleep(300)
    except KeyboardInterrupt:
        time.sleep(300)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("then", [IS_ELSEWHERE, DROPS_IT])
def test_a_command_that_does_not_end_by_itself_is_ended(tmp_path: Path, then: str, number: signal.Signals) -> None:
    command = [sys.executable, "-c", RUN_UNHEARD.format(then=then), "score", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        process.wait(timeout=PATIENCE)
        assert process.stderr is not None
        said = process.stderr.read()
    assert (process.returncode, said) == (128 + number, "Error: Interrupted. Run the same command again to go on.\n")
    assert list(tmp_path.iterdir()) == []


HOLDS_A_FOLDER = """
import sys, time
from pathlib import Path
from dai_scoring.cli import signals
with signals.temporary_folder(".dai-score-", Path(sys.argv[1])) as folder:
    (folder / "target").write_text("rows")
    print(folder, flush=True)
    time.sleep(300)
"""


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", HOLDS_A_FOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        killed, alive = (Path((child.stdout or sys.stdin).readline().strip()) for child in children)
        children[0].kill()
        children[0].wait()
        assert (killed / "target").exists()
        with signals.temporary_folder(".dai-score-", tmp_path) as folder:
            assert folder.is_dir()
            assert not killed.exists()
            assert (alive / "target").exists()
        assert not folder.exists()
    finally:
        for child in children:
            child.kill()
            child.communicate()


def test_an_error_within_a_temporary_folder_is_raised(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="of the body"), signals.temporary_folder("x-", tmp_path):
        raise OSError("of the body")
    assert not list(tmp_path.iterdir())
