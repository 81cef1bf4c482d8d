"""What these tests share: the types of their fixtures, and a command that is killed."""

from __future__ import annotations

import os
import re
import signal
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
    """Start it, and kill it somewhere after so many chunks."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=os.environ)
    assert process.stderr is not None
    with process:
        seen = 0
        while seen < chunks:
            line = process.stderr.readline()
            assert line, "it ended before it was killed"
            seen += bool(re.search(r"\d rows$", line))
        process.send_signal(signal.SIGKILL)
