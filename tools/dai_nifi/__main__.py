"""Where the command starts. Ctrl-C is handled from here on, also while the command's modules are loaded."""

from __future__ import annotations

import sys

from dai_nifi import signals
from dai_nifi.errors import PrerequisiteError


def main() -> None:
    """Load the command and run it; ends with 0, an exit code of :mod:`dai_nifi.errors`, or that of a signal."""
    signals.install_handlers()
    try:
        from dai_nifi import cli  # half a second
    except ModuleNotFoundError as error:
        lacks = PrerequisiteError(
            f"The Python package {error.name} is not installed. The command needs the extra 'tools', and 'java' to "
            "score: pip install 'nifi-dai-scoring[java,tools]'."
        )
        if "--json" in sys.argv:
            print(lacks.as_json())
        else:
            print(f"Error: {lacks}", file=sys.stderr)
        sys.exit(lacks.exit_code)

    try:
        signals.begin_work()
        cli.main()
    finally:
        # Foreign code may have swallowed the interrupt: the signal decides the exit code all the same.
        signals.finish()


if __name__ == "__main__":
    main()
