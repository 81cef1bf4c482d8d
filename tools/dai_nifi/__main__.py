"""The command ``dai-nifi``."""

from __future__ import annotations

from collections.abc import Callable

from dai_scoring.cli.starting import start


def main() -> None:
    """Run the command; ends with an exit code of :mod:`dai_nifi.errors`."""
    start(_load, "tools")


def _load() -> Callable[[], None]:
    from dai_nifi import cli  # half a second

    return cli.main


if __name__ == "__main__":
    main()
