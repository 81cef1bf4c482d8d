"""Stands in for the official NiFi: Debian, a Java, and the local NiFi's files.

Laid out like the official image, as far as docker/nifi relies on it: NiFi in /opt/nifi/nifi-current, run by its
bin/nifi.sh as the user nifi, with Java's arguments from conf/bootstrap.conf.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from dai_nifi.local import assembly, config
from dai_nifi.local.assembly import Assembly
from dai_nifi.local.java import find_java
from tests.docker import debian
from tests.support.project import quiet

JAVA = "/opt/java"
HOME = Path("/opt/nifi/nifi-current")

BOOTSTRAP = """java.arg.2=-Xms512m
java.arg.3=-Xmx512m
"""
NIFI = f"""#!/bin/sh
cd {HOME}
case "$1" in
    run)
        echo $$ > nifi.pid
        exec {JAVA}/bin/java $(sed -n 's/^java\\.arg\\.[^=]*=//p' conf/bootstrap.conf) -Djava.awt.headless=true \\
            -Dnifi.properties.file.path=conf/nifi.properties -Dorg.apache.nifi.bootstrap.config.log.dir=logs \\
            -cp 'conf:lib/*' org.apache.nifi.NiFi ;;
    stop) kill "$(cat nifi.pid)" ;;
esac
"""

# What the image is called: the assembly's name and what is here, since both are inside.
TAG = f"dai-nifi-test-base:{assembly.place().name}-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]}"


def make(folder: Path) -> None:
    """Make the image in the engine, by way of an empty folder; needs some 1.5 GB there."""
    java = find_java()
    assembled = assembly.ensure(java, quiet)
    with debian.root(folder, "python3") as root:
        home = root / HOME.relative_to("/")
        home.mkdir(parents=True)
        for part in ("lib", "python"):
            shutil.copytree(assembled.root / part, home / part)
        shutil.copytree(java, root / JAVA.lstrip("/"), ignore=shutil.ignore_patterns("jmods", "src.zip"))
        config.write(home / "conf", Assembly(HOME), config.Settings(8080, "python3"))
        # The official image is ready for a cluster, too, and makes its own key.
        shutil.copyfile(config.TEMPLATES / "state-management-cluster.xml", home / "conf" / "state-management.xml")
        (home / "conf" / "sensitive-properties.key").unlink()
        (home / "conf" / "bootstrap.conf").write_text(BOOTSTRAP)
        (home / "bin").mkdir()
        (home / "bin" / "nifi.sh").write_text(NIFI)
        (home / "bin" / "nifi.sh").chmod(0o755)
        subprocess.run(["chroot", root, "useradd", "--uid", "1000", "--create-home", "nifi"], check=True)
        subprocess.run(["chroot", root, "chown", "-R", "nifi:nifi", "/opt/nifi"], check=True)
        debian.pack(root, TAG, "USER nifi")
