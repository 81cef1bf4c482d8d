"""An interrupt that comes while Python calls a callback, whose errors it drops, is neither printed nor lost."""

from __future__ import annotations

import signal
import subprocess
import sys

SCRIPT = """
import os, signal, time, weakref
from dai_scoring.cli import signals

class Thing:
    pass

def callback(_):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)

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


def test_an_interrupt_in_a_callback_comes_again_without_a_word() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout == "interrupted\n"
    assert done.stderr == ""
    assert done.returncode in (0, 128 + signal.SIGINT)
