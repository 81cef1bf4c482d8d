"""Stands in for the official ZooKeeper: that of NiFi's own framework, with the Java of the base image beside.

Keeps what the official image keeps in /data and /datalog, and listens at 2181.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tests.docker import base_image

DOCKERFILE = f"""FROM {base_image.TAG}
USER root
RUN python3 -c "import pathlib, sys, zipfile; [zipfile.ZipFile(nar).extractall('/opt/zookeeper') \\
        for nar in pathlib.Path('{base_image.HOME}/lib').glob('nifi-framework-nar-*.nar')]" \\
    && printf '%s\\n' tickTime=2000 clientPort=2181 dataDir=/data dataLogDir=/datalog admin.enableServer=false \\
        > /opt/zookeeper/zoo.cfg \\
    && mkdir /data /datalog && chown nifi:nifi /data /datalog
USER nifi
WORKDIR /data
VOLUME /data /datalog
EXPOSE 2181
ENTRYPOINT ["{base_image.JAVA}/bin/java", "-Xmx128m", "-cp", \\
    "/opt/zookeeper/META-INF/bundled-dependencies/*:{base_image.HOME}/lib/*", \\
    "org.apache.zookeeper.server.quorum.QuorumPeerMain", "/opt/zookeeper/zoo.cfg"]
"""
TAG = f"dai-nifi-test-zookeeper:{hashlib.sha256(DOCKERFILE.encode()).hexdigest()[:12]}"


def make(folder: Path) -> None:
    """Make the image in the engine, where the base image is, by way of an empty folder."""
    (folder / "Dockerfile").write_text(DOCKERFILE)
    subprocess.run(["docker", "build", "--tag", TAG, folder], check=True)
