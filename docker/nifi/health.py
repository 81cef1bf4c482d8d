"""Whether the NiFi of this container answers: ends with 0 if it does, and says why it does not."""

import json
import os
import socket
import sys
import urllib.request
from pathlib import Path


def main() -> None:
    """Ask NiFi for its version; of HTTPS only whether something listens, since that wants a certificate."""
    conf = Path(os.environ.get("NIFI_HOME", "/opt/nifi/nifi-current")) / "conf" / "nifi.properties"
    lines = (line.partition("=") for line in conf.read_text(encoding="iso-8859-1").splitlines())
    keys = {key.strip(): value.strip() for key, _, value in lines if not key.startswith("#")}
    try:
        if keys.get("nifi.web.https.port"):
            host = keys.get("nifi.web.https.host") or "localhost"
            socket.create_connection((host, int(keys["nifi.web.https.port"])), timeout=5).close()
            return
        url = f"http://{keys.get('nifi.web.http.host') or 'localhost'}:{keys['nifi.web.http.port']}/nifi-api/flow/about"
        with urllib.request.urlopen(url, timeout=8) as answer:
            sys.stdout.write(f"NiFi {json.load(answer)['about']['version']}\n")
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"NiFi does not answer yet: {error}")


if __name__ == "__main__":
    main()
