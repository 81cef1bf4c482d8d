"""How a program ends: with 0, or with an error and its exit code. Only an error needs the package rich."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from dai_scoring.cli.errors import CancelledError, ToolError

NOTHING_DONE = "Interrupted before anything was done."


def run(program: Callable[[], Any], as_tool_error: Callable[[Exception], ToolError]) -> None:
    """Run a program; ends with 0 or an exit code of :mod:`dai_scoring.cli.errors`."""
    try:
        program()
    except KeyboardInterrupt:
        sys.exit(report(CancelledError(NOTHING_DONE)))
    except Exception as error:  # noqa: BLE001 - no command ends with a traceback
        sys.exit(report(as_tool_error(error)))


def as_json() -> bool:
    """Whether the command line asks for JSON."""
    return "--json" in sys.argv


def report(error: ToolError) -> int:
    """Print the error (as JSON where the command line asked for it) and return its exit code."""
    from rich.console import Console

    from dai_scoring.cli.console import print_document

    if as_json():
        print_document(error.as_json())
    else:
        Console(stderr=True, highlight=False).print(f"Error: {error}", markup=False, style="red", soft_wrap=True)
    return error.exit_code
