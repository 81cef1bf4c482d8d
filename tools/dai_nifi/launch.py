"""Where the command begins: ctrl-C counts from here on, also while all that it is made of is loaded."""

from __future__ import annotations

import sys
from typing import NoReturn

from dai_nifi import interrupts
from dai_nifi.errors import CancelledError, PrerequisiteError, ToolError


def main() -> None:
    """Load the command and run it; ends with 0 or an exit code of :mod:`dai_nifi.errors`."""
    interrupts.hear()
    try:
        from dai_nifi import cli  # half a second
    except KeyboardInterrupt:
        _end(CancelledError("Interrupted before anything was done."))
    except ModuleNotFoundError as error:
        _end(
            PrerequisiteError(
                f"The Python package {error.name} is not installed. The command needs the extra 'tools', and 'java' "
                "to score: pip install 'nifi-dai-scoring[java,tools]'."
            )
        )
    cli.main()


def _end(error: ToolError) -> NoReturn:
    if "--json" in sys.argv:
        print(error.as_json())
    else:
        print(f"Error: {error}", file=sys.stderr)
    sys.exit(error.exit_code)
