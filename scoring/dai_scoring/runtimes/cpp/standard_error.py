"""Catches what the C++ runtime writes to standard error: it has no other way to say why it fails."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

# What the runtime writes to standard error: "[ERROR][the time]file:line: text", and one line without all that.
_OWN_LINE = re.compile(rb"\[(?:FATAL|ERROR|WARN(?:ING)?|INFO|DEBUG|TRACE)\]\[[^\]]*\](?:\S+:\d+:)?\s*(?P<text>.*?)\s*$")
_OWN_WORDS = (
    b"Driverless AI license error!",
    b"'pred_contribs' is only support with mojo file generated from DAI 1.9.0 or later.",
)


@contextmanager
def own_stderr() -> Iterator[list[str]]:
    """Keep what the runtime writes to standard error out of it; what others wrote meanwhile is passed on.

    The list that this yields has the runtime's messages once the context is left.
    """
    said: list[str] = []
    try:
        real = os.dup(2)
    except OSError:  # a process without standard error has nothing to keep clean
        yield said
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            # Its Python part writes to sys.stderr, which may be another place.
            with open(2, "w", buffering=1, errors="replace", closefd=False) as text, redirect_stderr(text):
                yield said
        finally:
            os.dup2(real, 2)
            os.close(real)
            caught.seek(0)
            for line in caught:
                if found := _OWN_LINE.match(line):
                    said.append(found["text"].decode("utf-8", "replace"))
                elif line.strip() not in _OWN_WORDS:
                    os.write(2, line)
