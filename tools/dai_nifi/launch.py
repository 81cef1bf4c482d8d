"""Where the command begins: ctrl-C counts from here on, also while all that it is made of is loaded."""

from __future__ import annotations

from dai_nifi import interrupts


def main() -> None:
    """Load the command and run it; ends with 0, an exit code of :mod:`dai_nifi.errors`, or that of a signal."""
    interrupts.hear()
    from dai_nifi import cli  # half a second

    try:
        interrupts.at_work()
        cli.main()
    finally:
        # Whatever became of the interrupt on its way through foreign code: the signal decides how this ends.
        interrupts.done()
