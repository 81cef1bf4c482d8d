"""An interrupt that comes while Python calls a callback, whose errors it drops, is neither printed nor lost."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, sys, time, weakref
from dai_scoring.cli import signals

class Thing:
    pass

def callback(_):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)

set_timer, waits = signal.setitimer, [float(sys.argv[1])]

def set_timer_and_wait(*arguments):
    set_timer(*arguments)
    time.sleep(waits.pop() if waits else 0)

signal.setitimer = set_timer_and_wait
# Tests that run in the background ignore it, and so would what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# A busy machine may need longer for the end than a command has.
signals.PATIENCE_SECONDS = 300
signals.install_handlers()
signals.begin_work()
thing = Thing()
kept = weakref.ref(thing, callback)
try:
    del thing
    time.sleep(5)
    print("lost")
except KeyboardInterrupt:
    print("interrupted")
"""


# On a busy machine it comes again while the first is still being dropped.
@pytest.mark.parametrize("busy", [0, 0.1])
def test_an_interrupt_in_a_callback_comes_again_without_a_word(busy: float) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(busy)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")
    assert done.returncode in (0, 128 + signal.SIGINT)
