"""Commands called in the process of the test: a process of its own takes most of a second to start.

What parses a command line is built once for all of them, which takes as long as most commands.
"""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest
import typer.main

built = functools.cache(typer.main.get_command)
"""What a program's commands parse with, as Typer builds it at each call."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def called(main: Callable[[], None], *arguments: str) -> Ended:
    """Call the main function of a command with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["command", *arguments])
        patch.setattr(typer.main, "get_command", built)
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    return Ended(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())
