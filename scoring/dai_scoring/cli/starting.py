"""Where a command begins: ctrl-C counts from here on, also while all that it is made of is loaded."""

from __future__ import annotations

import sys
from collections.abc import Callable

from dai_scoring import extras
from dai_scoring.cli import collector, signals
from dai_scoring.cli.errors import PrerequisiteError


def start(load: Callable[[], Callable[[], None]], extra: str | None = None) -> None:
    """Load a command and run it; ends with 0, an exit code of :mod:`dai_scoring.cli.errors`, or that of a signal.

    ``load`` imports what the command is made of, and ``extra`` is the one of the distribution that brings it.
    """
    signals.install_handlers()
    try:
        with collector.paused():
            main = load()
    except ModuleNotFoundError as error:
        lacks = PrerequisiteError(extras.absent(error, extra))
        if "--json" in sys.argv:
            print(lacks.as_json())
        else:
            print(f"Error: {lacks}", file=sys.stderr)
        sys.exit(lacks.exit_code)
    try:
        signals.begin_work()
        main()
    finally:
        # Whatever became of the interrupt on its way through foreign code: the signal decides how this ends.
        signals.finish()
