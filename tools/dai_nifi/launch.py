"""Where the command begins: ctrl-C counts from here on, also while all that it is made of is loaded."""

from __future__ import annotations

import sys

from dai_nifi import interrupts
from dai_nifi.errors import CancelledError


def main() -> None:
    """Load the command and run it; ends with 0 or an exit code of :mod:`dai_nifi.errors`."""
    interrupts.hear()
    try:
        from dai_nifi import cli  # half a second
    except KeyboardInterrupt:
        error = CancelledError("Interrupted before anything was done.")
        if "--json" in sys.argv:
            print(error.as_json())
        else:
            print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    cli.main()
