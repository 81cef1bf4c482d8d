"""The health check of a container: ends with 0 if its server can score."""

from __future__ import annotations

import sys
import urllib.request

from dai_routes.platforms.container import port


def main() -> None:
    """Ask the server whether it can score. If not, ``docker inspect`` shows the reason."""
    # Not by way of a proxy, which the variables of a container may name.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(f"http://127.0.0.1:{port()}/readyz", timeout=5).close()
    except OSError as error:
        sys.exit(f"The server cannot score: {error}")


if __name__ == "__main__":
    main()
