"""How a program ends: with 0, or with an error and its exit code. Only an error needs the package rich."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

from dai_scoring.cli.errors import CancelledError, ToolError

NOTHING_DONE = "Interrupted before anything was done."


def run(program: Callable[[], Any], as_tool_error: Callable[[Exception], ToolError]) -> None:
    """Run a program; ends with 0 or an exit code of :mod:`dai_scoring.cli.errors`."""
    _print_any_character()
    try:
        program()
    except KeyboardInterrupt:
        sys.exit(report(CancelledError(NOTHING_DONE)))
    except Exception as error:  # noqa: BLE001 - no command ends with a traceback
        sys.exit(report(as_tool_error(error)))


def _print_any_character() -> None:
    """Let stdout spell out what its encoding lacks, such as bytes in the name of a file; stderr does so by itself."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and (out.errors == "strict" or out.encoding.lower() != "utf-8"):
        out.reconfigure(errors="backslashreplace")


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
        Console(stderr=True, highlight=False, emoji=False).print(
            f"Error: {error}", markup=False, style="red", soft_wrap=True
        )
    return error.exit_code
