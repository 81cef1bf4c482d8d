"""The command ``dai-score``."""

from __future__ import annotations

from collections.abc import Callable

from dai_scoring.cli.starting import start


def main() -> None:
    """Run the command; ends with an exit code of :mod:`dai_scoring.cli.errors`."""
    start(_load)


def _load() -> Callable[[], None]:
    from dai_scoring.cli import app

    return app.main


if __name__ == "__main__":
    main()
