"""What these tests share: the types of their fixtures, and a command that is killed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Done(NamedTuple):
    """How a command ended, and its JSON document."""

    code: int
    document: dict[str, Any]

    @property
    def error(self) -> str:
        return str(self.document["error"]["message"])


Command = Callable[..., Done]

Ask = Callable[..., list[tuple[Any, ...]]]
"""Runs statements, and returns the rows of the last."""

PASSWORD = "hidden-pass word"
"""Of the H2 of these tests."""


def kill_in_the_middle(command: Sequence[str], chunks: int) -> None:
    """Start it, and kill it soon after so many chunks."""
    ours, theirs = socket.socketpair()
    # Room for a few lines: the command waits for this process to read them, so it cannot end before it is killed.
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    with ours, ours.makefile() as lines:
        with theirs:
            process = subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL, env=os.environ)
        with process:
            try:
                seen = 0
                while seen < chunks:
                    line = lines.readline()
                    assert line, "it ended before it was killed"
                    seen += bool(re.search(r"\d rows$", line))
            finally:
                process.send_signal(signal.SIGKILL)
