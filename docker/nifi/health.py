"""Whether the NiFi of this container answers and, as a node, is in its cluster: ends with 0, or says why it is not."""

import json
import os
import socket
import sys
import urllib.request
from pathlib import Path
from typing import Any


def ask(url: str) -> Any:
    """What NiFi answers, parsed."""
    with urllib.request.urlopen(url, timeout=4) as answer:  # noqa: S310 - http, ours
        return json.load(answer)


def main() -> None:
    """Ask NiFi; of HTTPS only whether something listens, since an answer would want a certificate."""
    conf = Path(os.environ.get("NIFI_HOME", "/opt/nifi/nifi-current")) / "conf" / "nifi.properties"
    lines = (line.partition("=") for line in conf.read_text(encoding="iso-8859-1").splitlines())
    keys = {key.strip(): value.strip() for key, _, value in lines if not key.startswith("#")}
    try:
        if keys.get("nifi.web.https.port"):
            host = keys.get("nifi.web.https.host") or "localhost"
            socket.create_connection((host, int(keys["nifi.web.https.port"])), timeout=5).close()
            return
        api = f"http://{keys.get('nifi.web.http.host') or 'localhost'}:{keys['nifi.web.http.port']}/nifi-api"
        version = ask(f"{api}/flow/about")["about"]["version"]
        if keys.get("nifi.cluster.is.node") == "true":
            summary = ask(f"{api}/flow/cluster/summary")["clusterSummary"]
            if not summary["connectedToCluster"]:
                sys.exit("NiFi answers, but is not connected to its cluster")
        sys.stdout.write(f"NiFi {version}\n")
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"NiFi does not answer yet: {error}")


if __name__ == "__main__":
    main()
