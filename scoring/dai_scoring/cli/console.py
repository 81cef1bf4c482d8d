"""What commands print: progress and tables for people on stderr and stdout, one JSON document for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dai_scoring.cli.errors import CancelledError

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

_err = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
_out = Console(highlight=False, emoji=False, soft_wrap=True)


@contextmanager
def ended_by_ctrl_c() -> Iterator[None]:
    """For what goes on until ctrl-C: that ends it then without a word, with the exit code of ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(CancelledError.exit_code) from None


_LONG_LINE = 2000
_data_on_stdout = False


def print_document(text: str) -> None:
    """Print the JSON document of a command: on stdout, or on stderr where stdout has the command's data."""
    (sys.stderr if _data_on_stdout else sys.stdout).write(text + "\n")


def _without_padding(console: Console, render: Callable[[Console], None]) -> None:
    """Print what ``render`` prints; into a file or a pipe without the blanks that fill the lines of tables."""
    if console.is_terminal:
        render(console)
        return
    with console.capture() as capture:
        render(console)
    for line in capture.get().splitlines():
        console.file.write(f"{line.rstrip()}\n")


class Output:
    """Where the output of one command goes: with ``as_json`` only the result is printed, as JSON, on stdout.

    ``data_on_stdout`` says that stdout has the command's data: the result goes to stderr then.
    """

    def __init__(self, as_json: bool = False, data_on_stdout: bool = False) -> None:
        global _data_on_stdout
        self.as_json = as_json
        _data_on_stdout = data_on_stdout  # also for an error that ends the command

    @property
    def is_live(self) -> bool:
        """Whether somebody looks at a bar that moves."""
        return _err.is_terminal and not self.as_json

    def say(self, text: str) -> None:
        """Print a line of progress for people, on stderr; markup is not interpreted."""
        if not self.as_json:
            _err.print(text, markup=False)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[str, float | None], None]]:
        """Show a bar while something long runs; call the yielded function with (what, share of 1 or None)."""
        if self.as_json or not _err.is_terminal:
            self.say(title)
            last = ""

            def note(what: str, share: float | None = None) -> None:
                nonlocal last
                if what != last:
                    last = what
                    self.say(f"  {what}")

            yield note
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=_err, transient=True) as bar:
            task = bar.add_task(title, total=None)

            def update(what: str, share: float | None = None) -> None:
                bar.update(task, description=what, total=None if share is None else 1.0, completed=share or 0)

            yield update

    def result(self, value: Any, render: Callable[[Console], None] | None = None, *, keep_lines: bool = False) -> None:
        """Print what the command found out: ``value`` as JSON, or ``render`` on a rich console.

        Into a file or a pipe, and with ``keep_lines`` also on a terminal, a row of a table is one line whatever its
        length, so that ids and addresses in it stay whole.
        """
        if keep_lines or not _out.is_terminal:
            _out.width = max(_out.width, _LONG_LINE)
        if self.as_json:
            print_document(json.dumps(value, indent=2, default=str))
        elif render is not None:
            _without_padding(_err if _data_on_stdout else _out, render)
