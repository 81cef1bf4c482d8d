"""Ctrl-C at the worst moment."""

from __future__ import annotations

import subprocess
import sys

RUN = """
import functools, os, signal, threading, time, types
from dai_nifi import interrupts
# Tests that run in the background ignore it, and so would what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
interrupts.hear()
condition = threading.Condition()
# As it comes when the lock was taken just now.
interrupt = functools.partial(os.kill, os.getpid(), signal.{signal})
condition._lock = types.SimpleNamespace(__enter__=interrupt, __exit__=lambda *_: print("given back"))
try:
    with condition:
        print("taken")
        {then}
        time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
"""
IGNORED_FOR_A_WHILE = """
        before = [(number, signal.signal(number, signal.SIG_IGN)) for number in (signal.SIGINT, signal.SIGTERM)]
        time.sleep(0.1)
        print("in peace")
        for number, handler in before: signal.signal(number, handler)
"""


def said(number: str, then: str) -> list[str]:
    command = [sys.executable, "-c", RUN.format(signal=number, then=then)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()


def test_a_lock_that_was_taken_is_given_back() -> None:
    for number in ("SIGINT", "SIGTERM"):
        assert said(number, "") == ["taken", "given back", "interrupted"]


def test_what_ignores_it_for_a_while_is_left_in_peace() -> None:
    assert said("SIGTERM", IGNORED_FOR_A_WHILE) == ["taken", "in peace", "given back", "interrupted"]
